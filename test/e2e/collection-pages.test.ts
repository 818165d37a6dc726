import { BlobWriter, TextReader, Uint8ArrayReader, ZipWriter } from '@zip.js/zip.js';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { sceneJpeg } from '../helpers/images.js';
import { open } from './helpers/browser.js';
import { CHELSEA, dropPaths, give } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

/** Photos of a folder by their paths, with two that are none. */
async function drawFolder(): Promise<Record<string, Uint8Array>> {
  const paths = ['round/1.jpg', 'round/2.jpg', 'round/3.jpg', 'square/4.jpg', 'square/5.jpg', 'loose.jpg'];
  const photos = await Promise.all(paths.map((_, i) => sceneJpeg(100, 80, i + 1)));
  const files = Object.fromEntries(paths.map((path, i) => [path, new Uint8Array(photos[i]!)]));
  return { ...files, 'notes.txt': new Uint8Array([104, 105]), 'round/bad.jpg': new Uint8Array([1, 2, 3]) };
}

/** Lets the page's chooser of folders give one that the browser keeps for the page, with these files. */
async function offerFolder(page: Page, files: Record<string, Uint8Array>): Promise<void> {
  const contents = Object.entries(files).map(([path, bytes]) => [path, [...bytes]] as const);
  await page.evaluate(async (all) => {
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('pets', {
      create: true,
    });
    for (const [path, bytes] of all) {
      const parts = path.split('/');
      let at = folder;
      for (const part of parts.slice(0, -1)) {
        at = await at.getDirectoryHandle(part, { create: true });
      }
      const file = await (await at.getFileHandle(parts.at(-1)!, { create: true })).createWritable();
      await file.write(Uint8Array.from(bytes));
      await file.close();
    }
  }, contents);
}

const pickOffered = async (page: Page) => {
  await page.addInitScript(() => {
    Object.assign(window, {
      showDirectoryPicker: async () => (await navigator.storage.getDirectory()).getDirectoryHandle('pets'),
    });
  });
};

describeInBrowser('the page of a collection', (stage) => {
  const api = async (path: string, init: RequestInit = {}) => fetch(`${stage.app.url}/v1/${path}`, init);
  const create = (name: string) =>
    api('collections', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name }),
    });
  const countLabels = async (name: string) => {
    const { labels } = (await (await api(`collections/${name}/labels`)).json()) as {
      labels: { label: string | null; count: number }[];
    };
    return Object.fromEntries(labels.map(({ label, count }) => [label, count]));
  };
  const look = (name: string, page = '', prepare?: (page: Page) => Promise<void>) =>
    open(stage.browser, `${stage.app.url}/#/collections/${name}${page}`, {}, prepare);

  it('adds a folder after a preview, waits for a server that is down, and lists failures', async () => {
    await create('folder');
    const { page, complaints } = await look('folder', '', async (opened) => {
      await opened.clock.install();
      await pickOffered(opened);
    });
    await page.getByText('The collection is empty').waitFor();
    await page.getByText('The name of a sub-folder becomes the label').waitFor();
    await offerFolder(page, await drawFolder());
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await page.getByText('pets: 7 photos with 2 labels').waitFor();
    const warnings = await page.locator('.warnings').textContent();
    expect(warnings).toContain('1 photo not in a sub-folder');
    expect(warnings).toContain('1 file is not a photo');
    let isGone = true;
    await page.route('**/items', (route) => (isGone ? route.abort() : route.fallback()));
    await page.getByRole('button', { name: 'Add photos' }).click();
    await page.getByText('The server did not answer.').waitFor();
    await page.getByText('Retrying every ten seconds.').waitFor();
    await give(page, 'drop', CHELSEA);
    await page.getByRole('alert').getByText('An upload is in progress.').waitFor();
    expect(await page.getByRole('button', { name: 'Continue' }).isVisible()).toBe(true);
    isGone = false;
    await page.clock.fastForward(10_000);
    await page.getByText('Done. 6 of 7 photos added, 1 failed.').waitFor();
    expect(await page.locator('.failures').textContent()).toContain('round/bad.jpg: ');
    expect(await countLabels('folder')).toEqual({ round: 3, square: 2, null: 1 });
    expect(complaints).toEqual([]);
  });

  it('stays paused by the user when a request that was under way fails', async () => {
    await create('paused');
    const { page } = await look('paused', '', async (opened) => {
      await opened.clock.install();
      await pickOffered(opened);
    });
    await page.getByText('The collection is empty').waitFor();
    await offerFolder(page, await drawFolder());
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    let fail = () => {};
    const held = new Promise<void>((resolve) => {
      fail = resolve;
    });
    await page.route('**/items', (route) => held.then(() => route.abort()));
    const sent = page.waitForRequest('**/items');
    await page.getByRole('button', { name: 'Add photos' }).click();
    await sent;
    await page.getByRole('button', { name: 'Pause' }).click();
    const failed = page.waitForEvent('requestfailed');
    fail();
    await failed;
    // The page checks whether the photos can still be read before it decides what to do.
    await page.waitForTimeout(300);
    await page.clock.runFor(11_000);
    await page.waitForTimeout(300);
    expect(await page.locator('.upload [role=status]').textContent()).toBe('Paused. 0 of 7 photos added.');
  });

  it('continues with a folder after a reload, without sending photos twice', async () => {
    await create('reload');
    const { page } = await look('reload', '', pickOffered);
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByText('The collection is empty').waitFor();
    const files = await drawFolder();
    await offerFolder(page, files);
    const form = new FormData();
    form.append('image', new Blob([files['round/1.jpg']! as Uint8Array<ArrayBuffer>]), '1.jpg');
    await api('collections/reload/items', { method: 'POST', body: form });
    await page.route('**/items', () => {});
    await page.getByRole('button', { name: 'Choose a folder' }).click();
    await page.getByRole('button', { name: 'Add photos' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
    // Only then: a route that is lifted lets what it holds go on.
    await page.reload();
    await page.unroute('**/items');
    await page.getByText('The upload of pets was interrupted').waitFor();
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Add photos' }).click();
    await page.getByText('Done. 5 of 7 photos added, 1 already in the collection, 1 failed.').waitFor();
    await page.reload();
    await page.locator('.item').first().waitFor();
    expect(await page.getByText('was interrupted').count()).toBe(0);
  });

  it('adds a zip like a folder', async () => {
    await create('zipped');
    const writer = new ZipWriter(new BlobWriter());
    for (const [path, bytes] of Object.entries(await drawFolder())) {
      await writer.add(path, new Uint8ArrayReader(bytes));
    }
    // A name that the server takes in no text, and one that it refuses with all that was sent with it.
    await writer.add(
      'round/bell\u0007.jpg',
      new Uint8ArrayReader(new Uint8Array(await sceneJpeg(90, 80, 7))),
    );
    await writer.add(
      `round/${'x'.repeat(6000)}.jpg`,
      new Uint8ArrayReader(new Uint8Array(await sceneJpeg(90, 80, 8))),
    );
    await writer.add('round/large.jpg', new TextReader('x'.repeat(2 ** 20 + 1)));
    const zip = await stage.file('pets.zip', new Uint8Array(await (await writer.close()).arrayBuffer()));
    const { page, complaints } = await look('zipped');
    await page.getByText('The collection is empty').waitFor();
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Choose a zip' }).click();
    await (await chooser).setFiles(zip);
    await page.getByText('pets.zip: 9 photos with 2 labels').waitFor();
    expect(await page.locator('.warnings').textContent()).toContain('1 photo exceeds');
    await page.getByRole('button', { name: 'Add photos' }).click();
    await page.getByText('Done. 7 of 9 photos added, 2 failed.').waitFor();
    expect(await countLabels('zipped')).toEqual({ round: 4, square: 2, null: 1 });
    expect(complaints).toEqual([]);
  });

  it('adds dropped folders with more photos than a browser lists at a time', async () => {
    await create('folders');
    const photo = await sceneJpeg(64, 64, 1);
    const folder = await stage.folder({
      ...Object.fromEntries(Array.from({ length: 230 }, (_, i) => [`round/${i}.jpg`, photo])),
      'square/b.jpg': await sceneJpeg(64, 64, 2),
      'square/bad.jpg': 'words',
      'square/deep/down/c.jpg': await sceneJpeg(64, 64, 3),
      '__MACOSX/square/._c.jpg': 'x',
      'manifest.csv': 'file,label',
    });
    const { page, complaints } = await look('folders');
    await page.getByText('The collection is empty').waitFor();
    await dropPaths(page, folder);
    await page.getByText(/: 233 photos with 2 labels/).waitFor();
    const warnings = await page.locator('.warnings').textContent();
    expect(warnings).toContain('1 hidden file or folder left out');
    expect(warnings).toContain('The labels in manifest.csv are not used here.');
    await page.getByRole('button', { name: 'Add photos' }).click();
    await page.getByText('Done. 3 of 233 photos added, 229 already in the collection, 1 failed.').waitFor();
    expect(await countLabels('folders')).toEqual({ round: 1, square: 2 });
    expect(complaints).toEqual([]);
    await page.getByRole('link', { name: 'Identify', exact: true }).click();
    await page.locator('#choose').waitFor();
    await dropPaths(page, `${folder}/square`);
    await page.getByRole('heading', { name: '3 photos' }).waitFor();
  });

  it('adds dropped photos instead of identifying them', async () => {
    await create('dropped');
    const { page } = await look('dropped');
    await page.getByText('The collection is empty').waitFor();
    const bytes = [...new Uint8Array(await sceneJpeg(100, 80, 1))];
    await page.evaluate((content) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([Uint8Array.from(content)], 'one.jpg', { type: 'image/jpeg' }));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    }, bytes);
    await page.getByRole('button', { name: 'Add photos' }).click();
    await page.getByText('Done. 1 of 1 photos added.').waitFor();
    expect(await page.locator('#ask').isVisible()).toBe(false);
  });

  it('measures with a report, calibrates if there are enough photos, and finds wrong labels', async () => {
    const { page, complaints } = await look('album', '/quality');
    // A connection that breaks is made again: the job goes on without the page.
    let breaks = 1;
    await page.route('**/events', (route) => (breaks-- > 0 ? route.abort() : route.fallback()));
    await page.getByRole('button', { name: 'Evaluate' }).click();
    await page.getByText('The server did not answer').waitFor();
    await page.getByText('6 photos identified, each by the others').waitFor();
    await page.reload();
    await page.getByText('6 photos identified, each by the others').waitFor();
    await page.getByRole('button', { name: 'Open the report' }).click();
    const report = page.frameLocator('iframe.report');
    await report.getByRole('heading', { name: 'Evaluation' }).waitFor();
    const card = report.locator('section').first();
    expect(await card.evaluate((node) => getComputedStyle(node).borderRadius)).toBe('14px');
    await page.getByRole('button', { name: 'Calibrate' }).click();
    await page.getByText(/Too few photos to calibrate: \d+ labelled photos?, but \d+/).waitFor();
    await page.getByRole('button', { name: 'Find wrong labels' }).click();
    await page.getByText(/No label looks wrong|disagrees? with/).waitFor();
    const relabel = page.getByRole('button', { name: 'Relabel' });
    const suspects = await relabel.count();
    if (suspects > 0) {
      const before = await countLabels('album');
      await relabel.first().click();
      await expect.poll(() => relabel.count()).toBe(suspects - 1);
      await page.getByRole('button', { name: 'Undo' }).click();
      await expect.poll(() => countLabels('album')).toEqual(before);
    }
    expect(complaints).toEqual([]);
  });

  it('shows duplicate pairs, and deletes one photo with undo', async () => {
    const { page, complaints } = await look('tie', '/duplicates');
    const pairs = page.locator('.pair');
    await page.getByText('3 pairs found').waitFor();
    expect(await pairs.count()).toBe(3);
    expect(await pairs.first().textContent()).toMatch(/drawn\/\d\.\w+.*kB/);
    expect(await pairs.first().textContent()).toContain('under different labels');
    await pairs.first().getByRole('button', { name: 'Keep both' }).click();
    await expect.poll(() => pairs.count()).toBe(2);
    await pairs.first().getByRole('button', { name: 'Delete this photo' }).first().click();
    await expect.poll(() => pairs.count()).toBe(1);
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => pairs.count()).toBe(2);
    expect((await (await api('collections/tie')).json()) as { count: number }).toMatchObject({ count: 3 });
    expect(complaints).toEqual([]);
  });

  it('draws a map, with pictures under the pointer, and places another photo on it', async () => {
    const { page, complaints } = await look('album', '/map');
    const canvas = page.locator('.map-canvas');
    await canvas.waitFor();
    await page.getByText('6 photos.', { exact: true }).waitFor();
    await canvas.focus();
    const tip = page.locator('.map-tip');
    // The point nearest to the middle is found by moving there.
    for (let i = 0; i < 30 && (await tip.isHidden()); i++) {
      await page.keyboard.press(['ArrowLeft', 'ArrowUp', 'ArrowRight', 'ArrowRight', 'ArrowDown'][i % 5]!);
    }
    await tip.locator('img').waitFor();
    expect(await tip.textContent()).toMatch(/Round thing|Square thing/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByText('drawn/').waitFor();
    await page.keyboard.press('Escape');
    const legend = page.getByRole('button', { name: 'Round thing 4' });
    await legend.click();
    expect(await legend.getAttribute('aria-pressed')).toBe('true');
    const chooser = page.waitForEvent('filechooser');
    await page.getByRole('button', { name: 'Place a photo on the map' }).click();
    await (await chooser).setFiles(CHELSEA);
    await page.getByText('chelsea.png is at the double ring.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('speaks German', async () => {
    const { page } = await open(stage.browser, `${stage.app.url}/#/collections/tie/duplicates`, {
      locale: 'de-DE',
    });
    await page.getByText('3 Paare gefunden').waitFor();
    await page.getByRole('link', { name: 'Qualität' }).click();
    await page.getByRole('button', { name: 'Falsche Labels suchen' }).waitFor();
    await page.getByRole('link', { name: '← Alle Sammlungen' }).click();
    await page.getByRole('heading', { name: 'Neue Sammlung' }).waitFor();
  });
});
