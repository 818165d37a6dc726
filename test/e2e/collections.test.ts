import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { sceneJpeg } from '../helpers/images.js';
import { open, type WatchedPage } from './helpers/browser.js';
import { CHELSEA, give, overflow, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

const tiles = (page: Page) => page.locator('.item:visible');
const names = (page: Page) => page.locator('.item:visible bdi').allTextContents();

describeInBrowser('the page of collections', (stage) => {
  const api = async (path: string, init: RequestInit = {}) => fetch(`${stage.app.url}/v1/${path}`, init);
  const labels = async (name: string) => {
    const { labels: all } = (await (await api(`collections/${name}/labels`)).json()) as {
      labels: { label: string | null; count: number }[];
    };
    return Object.fromEntries(all.map(({ label, count }) => [label, count]));
  };

  /** A collection of its own for each test: six pictures, four of one label and two of another. */
  async function fill(name: string): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    await api('collections', { method: 'POST', headers, body: JSON.stringify({ name }) });
    // One after the other: together they would be stored in the order in which they are decoded.
    for (const i of [0, 1, 2, 3, 4, 5]) {
      const form = new FormData();
      form.append('label', i < 4 ? 'round' : 'square');
      form.append('image', new Blob([new Uint8Array(await sceneJpeg(160, 120, i + 1))]), `${i}.jpg`);
      expect((await api(`collections/${name}/items`, { method: 'POST', body: form })).status).toBe(200);
    }
  }

  async function look(name: string): Promise<WatchedPage> {
    await fill(name);
    const watched = await open(stage.browser, `${stage.app.url}/#/collections/${name}`);
    await expect.poll(() => tiles(watched.page).count()).toBe(6);
    return watched;
  }

  it('lists them with their state, creates one and deletes it', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.getByRole('link', { name: 'Collections' }).click();
    await page
      .locator('.collection', { hasText: 'breeds' })
      .getByText(/\d,\d+ photos/)
      .waitFor();
    expect(await page.locator('.collection', { hasText: 'album' }).textContent()).toContain('not calibrated');
    await page.getByLabel('Name').fill('album');
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByText('already exists').waitFor();
    await page.getByLabel('Name').fill('brand-new');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'brand-new' }).waitFor();
    await page.getByText('The collection is empty').waitFor();
    await page.goBack();
    const row = page.locator('.collection', { hasText: 'brand-new' });
    await row.getByRole('button', { name: 'Delete' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox').fill('something else');
    await page.keyboard.press('Enter');
    await dialog.getByText('The name does not match.').waitFor();
    await dialog.getByRole('textbox').fill('brand-new');
    await page.keyboard.press('Enter');
    await row.waitFor({ state: 'detached' });
    expect((await api('collections/brand-new')).status).toBe(404);
    expect(complaints).toEqual([]);
  });

  it('shows photos by label, with pictures', async () => {
    const { page, complaints } = await look('look');
    await expect.poll(() => page.locator('.item img').count()).toBe(6);
    await page.getByRole('button', { name: 'Square 2' }).click();
    await expect.poll(() => names(page)).toEqual(['Square', 'Square']);
    await page.getByRole('button', { name: 'All photos 6' }).click();
    await expect.poll(() => tiles(page).count()).toBe(6);
    expect(complaints).toEqual([]);
  });

  it('relabels photos, and gives the old labels back', async () => {
    const { page, complaints } = await look('relabel');
    await page.locator('.item input').nth(0).check();
    await page
      .locator('.item input')
      .nth(2)
      .click({ modifiers: ['Shift'] });
    await page.getByText('3 photos selected', { exact: true }).waitFor();
    await page.getByLabel('New label').fill('oval');
    await page.getByRole('button', { name: 'Relabel' }).click();
    await expect.poll(() => labels('relabel')).toEqual({ oval: 3, square: 2, round: 1 });
    await page.getByRole('button', { name: 'Oval 3' }).waitFor();
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => labels('relabel')).toEqual({ round: 4, square: 2 });
    await expect.poll(() => names(page)).toEqual([...Array(4).fill('Round'), 'Square', 'Square']);
    // A whole label becomes another: it is merged into that.
    await page.getByRole('button', { name: 'Square 2' }).click();
    await page.getByLabel('New label').fill('round');
    await page.getByRole('button', { name: 'Rename or merge' }).click();
    await expect.poll(() => labels('relabel')).toEqual({ round: 6 });
    expect(complaints).toEqual([]);
  });

  it('tells the user when another tab has deleted the selected photos', async () => {
    const { page } = await look('gone');
    const headers = { 'content-type': 'application/json' };
    const { items } = (await (await api('collections/gone/items')).json()) as { items: { id: string }[] };
    await page.locator('.item input').first().check();
    await api('collections/gone/items/delete', {
      method: 'POST',
      headers,
      body: JSON.stringify({ ids: [items[0]!.id] }),
    });
    await page.getByLabel('New label').fill('oval');
    await page.getByRole('button', { name: 'Relabel' }).click();
    await page.locator('#hint', { hasText: 'no longer in the collection' }).waitFor();
    await expect.poll(() => tiles(page).count()).toBe(5);
  });

  it('filters by words and by metadata', async () => {
    const { page, complaints } = await look('sift');
    const headers = { 'content-type': 'application/json' };
    const change = { filter: { text: '4.jpg' }, mergeMetadata: { checked: true } };
    await api('collections/sift/items/update', { method: 'POST', headers, body: JSON.stringify(change) });
    const field = page.getByRole('searchbox', { name: 'Filter' });
    await field.fill('ROUND');
    await page.getByText('4 photos found.').waitFor();
    await field.fill('checked=true');
    await page.getByText('1 photo found.').waitFor();
    expect(await names(page)).toEqual(['Square']);
    await field.fill('');
    await expect.poll(() => tiles(page).count()).toBe(6);
    expect(complaints).toEqual([]);
  });

  it('changes many photos in one request', async () => {
    const { page } = await look('bulk');
    const changes: string[] = [];
    page.on('request', (request) => {
      if (request.method() !== 'GET') {
        changes.push(`${request.method()} ${new URL(request.url()).pathname}`);
      }
    });
    await page.locator('.item input').first().focus();
    await page.keyboard.press('Control+a');
    await page.getByText('6 photos selected', { exact: true }).waitFor();
    await page.getByLabel('New label').fill('oval');
    await page.keyboard.press('Enter');
    await expect.poll(() => labels('bulk')).toEqual({ oval: 6 });
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => labels('bulk')).toEqual({ round: 4, square: 2 });
    // There and back: one request, and one for each label that there was.
    expect(changes).toEqual(Array(3).fill('POST /v1/collections/bulk/items/update'));
  });

  it('describes and renames a collection, and gives it other names', async () => {
    const { page, complaints } = await look('describe');
    await page.getByRole('button', { name: 'Edit' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Description').fill('Things that were drawn');
    await dialog.getByLabel('Other names').fill('shapes, drawn');
    await dialog.getByLabel('Name', { exact: true }).fill('album');
    await page.keyboard.press('Enter');
    await dialog.getByText('already exists').waitFor();
    await dialog.getByLabel('Name', { exact: true }).fill('described');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'described' }).waitFor();
    await page.locator('.about', { hasText: 'Things that were drawn' }).waitFor();
    await page.getByText('Also called drawn, shapes.').waitFor();
    expect(await (await api('collections/shapes')).json()).toMatchObject({
      name: 'described',
      description: 'Things that were drawn',
    });
    // The list to ask from has the new name, too.
    await page.getByRole('link', { name: 'Identify', exact: true }).click();
    await page.locator('#collection option', { hasText: 'described' }).waitFor({ state: 'attached' });
    expect(complaints).toEqual([]);
  });

  it('exports a collection to a file and imports it', async () => {
    await fill('moving');
    const { page, complaints } = await open(stage.browser, `${stage.app.url}/#/collections`);
    const download = page.waitForEvent('download');
    await page
      .locator('.collection', { has: page.getByRole('link', { name: 'moving' }) })
      .getByRole('button', { name: 'Export' })
      .click();
    const file = await (await download).path();
    await page.getByLabel('Name').fill('moved');
    await page.getByLabel('Import a file').setInputFiles(file);
    await page.locator('#hint', { hasText: '6 photos imported.' }).waitFor();
    await expect.poll(() => tiles(page).count()).toBe(6);
    expect(await labels('moved')).toEqual({ round: 4, square: 2 });
    expect(complaints).toEqual([]);
  });

  it('says why a collection cannot be used', async () => {
    const problem = {
      code: 'model_mismatch',
      detail: 'Its model is not here.',
      hint: 'Run `pawdex reembed`.',
    };
    const { page } = await open(stage.browser, stage.app.url);
    await page.route('**/v1/collections', async (route) => {
      const { collections } = (await (await route.fetch()).json()) as { collections: { name: string }[] };
      await route.fulfill({
        json: { collections: collections.map((each) => (each.name === 'tie' ? { ...each, problem } : each)) },
      });
    });
    await page.getByRole('link', { name: 'Collections' }).click();
    await page
      .locator('.collection', { hasText: 'tie' })
      .getByText('Its model is not here. Run pawdex reembed.')
      .waitFor();
    await page.goto(`${stage.app.url}/#/collections/nosuch`);
    await page.getByRole('link', { name: '← All collections' }).click();
    await page.locator('.collection').first().waitFor();
  });

  it('deletes photos only after the time to undo', async () => {
    const { page, complaints } = await look('delete');
    await page.locator('.item input').nth(5).check();
    await page.getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => tiles(page).count()).toBe(5);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => tiles(page).count()).toBe(6);
    expect(await labels('delete')).toEqual({ round: 4, square: 2 });
    await page.locator('.item input').nth(5).check();
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('link', { name: '← All collections' }).click();
    await expect.poll(() => labels('delete')).toEqual({ round: 4, square: 1 });
    expect(complaints).toEqual([]);
  });

  it.each(['', '/duplicates'])('deletes photos when the user leaves the page %s', async (part) => {
    const name = `leave${part.slice(1)}`;
    const { page } = await look(name);
    const form = new FormData();
    form.append('label', 'square');
    form.append('image', new Blob([new Uint8Array(await sceneJpeg(240, 180, 6))]), '6.jpg');
    expect((await api(`collections/${name}/items`, { method: 'POST', body: form })).status).toBe(200);
    await page.goto(`${stage.app.url}/#/collections/${name}${part}`);
    if (part === '') {
      await page.locator('.item input').first().check();
      await page.getByRole('button', { name: 'Delete' }).click();
    } else {
      await page.getByRole('button', { name: 'Delete this photo' }).first().click();
    }
    await page.getByRole('button', { name: 'Undo' }).waitFor();
    await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
    await page.goto('about:blank');
    const countItems = async () =>
      ((await (await api(`collections/${name}`)).json()) as { count: number }).count;
    await expect.poll(countItems).toBe(6);
  });

  it('adds photos, each under its label', async () => {
    await api('collections', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"name":"fill"}',
    });
    const { page } = await open(stage.browser, `${stage.app.url}/#/collections/fill`);
    await page.getByLabel('Or add single photos with this label').fill('round');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose photos' }).click();
    const good = await stage.file('good.jpg', await sceneJpeg(100, 100, 1));
    const bad = await stage.file('bad.jpg', 'these are words');
    await (await chooser).setFiles([good, bad]);
    await page.getByText('2 photos with 1 label').waitFor();
    await page.getByRole('button', { name: 'Add photos' }).click();
    await page.getByText('Done. 1 of 2 photos added, 1 failed.').waitFor();
    expect(await page.locator('.failures').textContent()).toContain('bad.jpg');
    expect(await labels('fill')).toEqual({ round: 1 });
    await expect.poll(() => tiles(page).count()).toBe(1);
  });

  it('continues after the next photos could not be fetched', async () => {
    await fill('gap');
    const { page } = await open(stage.browser, stage.app.url);
    let calls = 0;
    await page.route('**/gap/items?*', async (route) => {
      calls++;
      const answer = (await (
        await route.fetch({
          url: route
            .request()
            .url()
            .replace(/&cursor=.*/, ''),
        })
      ).json()) as {
        items: unknown[];
      };
      if (calls === 2) {
        return route.abort();
      }
      const [some, rest] = [answer.items.slice(0, 4), answer.items.slice(4)];
      return route.fulfill({ json: calls === 1 ? { items: some, next: 'x' } : { items: rest, next: null } });
    });
    await page.goto(`${stage.app.url}/#/collections/gap`);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.poll(() => tiles(page).count()).toBe(6);
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
  });

  it('opens a photo on click, and selects it by its corner', async () => {
    const { page, complaints } = await look('click');
    const photo = tiles(page).nth(1);
    await photo.click();
    await page.getByRole('dialog', { name: 'Round' }).getByText('1.jpg').waitFor();
    await page.keyboard.press('Escape');
    await photo.click({ position: { x: 40, y: 40 } });
    await page.getByText('1 photo selected', { exact: true }).waitFor();
    // Once one is chosen, a click chooses.
    await tiles(page).nth(2).click();
    await page.getByText('2 photos selected', { exact: true }).waitFor();
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  it('works with the keyboard alone', async () => {
    const { page } = await look('keys');
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? '');
    for (let i = 0; i < 50 && !(await focused()).endsWith('0.jpg'); i++) {
      await page.keyboard.press('Tab');
    }
    expect(await focused()).toBe('Round, 0.jpg');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Space');
    expect(await page.getByRole('checkbox', { name: 'Round, 1.jpg' }).isChecked()).toBe(true);
    await page.keyboard.press('End');
    expect(await focused()).toBe('Square, 5.jpg');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog', { name: 'Square' }).getByText('5.jpg').waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Delete');
    await expect.poll(() => tiles(page).count()).toBe(5);
    await page.getByRole('button', { name: 'Undo' }).press('Enter');
    await expect.poll(() => tiles(page).count()).toBe(6);
    expect(await focused()).toBe('Square, 5.jpg');
    // What is left when a plan is put away is where it was begun.
    await page.getByText('Add photos').click();
    await page.getByLabel('Choose photos').setInputFiles(CHELSEA);
    await page.getByRole('button', { name: 'Cancel' }).press('Enter');
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('SUMMARY');
  });

  it('never scrolls sideways at 320 pixels', async () => {
    const viewport = { width: 320, height: 800 };
    const { page } = await open(stage.browser, `${stage.app.url}/#/collections`, { viewport });
    await page.locator('.collection').first().waitFor();
    expect(await overflow(page)).toBe(0);
    await page.getByRole('link', { name: 'album' }).click();
    await expect.poll(() => tiles(page).count()).toBe(6);
    await page.locator('.item input').first().check();
    expect(await overflow(page)).toBe(0);
  });

  it('makes way for a question when a photo is dropped', async () => {
    const { page } = await open(stage.browser, `${stage.app.url}/#/collections`);
    await page.locator('.collection').first().waitFor();
    await give(page, 'drop', CHELSEA);
    await reaches(page, 'answer');
    await page.getByRole('link', { name: 'Collections' }).click();
    await page.locator('.collection').first().waitFor();
    await page.goBack();
    expect(await page.locator('#answer').isVisible()).toBe(true);
  });
});
