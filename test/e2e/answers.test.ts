import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { Identification } from '../../src/engine/engine.js';
import { formatLabel } from '../../src/web/format.js';
import { listShares } from '../../src/web/verdict.js';
import { sceneJpeg, turnedJpeg } from '../helpers/images.js';
import { identification } from '../web/answers.js';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, give, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

describeInBrowser('a photo and its answer', (stage) => {
  it('shows the answer of the API for a chosen photo', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await choose(page, CHELSEA);
    const headline = await reaches(page, 'answer');

    const form = new FormData();
    form.append('image', new Blob([new Uint8Array(await readFile(CHELSEA))]), 'chelsea.png');
    const asked = await fetch(`${stage.app.url}/v1/identify`, { method: 'POST', body: form });
    const api = (await asked.json()) as Identification;
    const [first] = api.candidates;
    expect(headline).toContain(formatLabel(first!.label));
    const values = await page.locator('.candidates .value').allTextContents();
    expect(values).toEqual(listShares(api).map(({ text }) => text));
    const withoutPicture = api.neighbours.filter(({ hasThumbnail }) => !hasThumbnail);
    const rows = await page.locator('.breed-row .name').allTextContents();
    expect(rows).toEqual([...new Set(withoutPicture.map(({ label }) => formatLabel(label)))]);
    const sources = await page
      .locator(':is(.breed-row, .tile) .source')
      .evaluateAll((nodes) => nodes.map((node) => node.getAttribute('title') ?? ''));
    expect(sources.toSorted()).toEqual(api.neighbours.map(({ source }) => source!).toSorted());
    const name = api.calibrated ? 'confidence' : 'share of the vote';
    expect(await page.locator('.answer summary').textContent()).toContain(name);
    expect(await page.locator('#status').textContent()).toContain(headline);
    expect(complaints).toEqual([]);
  });

  it.each(['drop', 'paste'] as const)('takes a %s anywhere on the page', async (kind) => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await give(page, kind, CHELSEA);
    await reaches(page, 'answer');
    expect(await page.locator('#caption').textContent()).toBe('chelsea.png · 241 kB');
    expect(complaints).toEqual([]);
  });

  it('shows where to drop while a file is dragged over the page', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    const zone = page.locator('.dropzone');
    expect(await zone.isVisible()).toBe(false);
    await page.evaluate(() => document.body.dispatchEvent(new DragEvent('dragenter', { bubbles: true })));
    expect(await zone.isVisible()).toBe(true);
    await page.evaluate(() => document.body.dispatchEvent(new DragEvent('dragleave', { bubbles: true })));
    expect(await zone.isVisible()).toBe(false);
  });

  it('offers a dog to try, which it recognises', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await page.getByRole('button', { name: 'Try this dog' }).click();
    await reaches(page, 'answer');
    expect(await page.locator('#picture').evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(450);
  });

  it('offers a cat to try', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.getByRole('button', { name: 'Try this cat' }).click();
    await reaches(page, 'answer');
    // The button is gone, and the focus is not lost with it.
    await expect.poll(() => page.evaluate(() => document.activeElement?.id)).toBe('choose');
    expect(await page.locator('#picture').evaluate((img: HTMLImageElement) => img.naturalWidth)).toBe(451);
    expect(complaints).toEqual([]);
  });

  it('works with the keyboard alone', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    const focused = () => page.evaluate(() => document.activeElement?.id);
    for (let i = 0; i < 12 && (await focused()) !== 'choose'; i++) {
      await page.keyboard.press('Tab');
    }
    expect(await focused()).toBe('choose');
    const outline = await page.locator('#choose').evaluate((button) => getComputedStyle(button).outlineStyle);
    expect(outline).toBe('solid');
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Enter');
    await (await chooser).setFiles(CHELSEA);
    await reaches(page, 'answer');
    const summary = () => page.evaluate(() => document.activeElement?.tagName);
    for (let i = 0; i < 12 && (await summary()) !== 'SUMMARY'; i++) {
      await page.keyboard.press('Tab');
    }
    await page.keyboard.press('Enter');
    expect(await page.locator('.answer details p').isVisible()).toBe(true);
  });

  it('shows a turned photo upright', async () => {
    const turned = await stage.file('turned.jpg', await turnedJpeg(6));
    const { page } = await open(stage.browser, stage.app.url);
    await choose(page, turned);
    await reaches(page, 'answer');
    const size = await page
      .locator('#picture')
      .evaluate((img: HTMLImageElement) => [img.naturalWidth, img.naturalHeight]);
    expect(size).toEqual([320, 240]);
  });

  it('shows the pictures of a collection that has them', async () => {
    const photo = await stage.file('scene.jpg', await sceneJpeg(320, 240, 2));
    const { page, complaints } = await open(stage.browser, `${stage.app.url}/?collection=album`);
    await choose(page, photo);
    expect(await reaches(page, 'answer')).toBe('Round thing');
    await expect.poll(() => page.locator('.frame img').count()).toBe(6);
    expect(await page.locator('.tile .similarity').first().textContent()).toContain('1.00');
    expect(complaints).toEqual([]);
  });

  it('picks no breed if the vote is tied', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    const tied = identification('ambiguous', { one: 1, two: 1, three: 1 });
    await page.route('**/v1/identify*', (route) => route.fulfill({ json: tied }));
    await choose(page, CHELSEA);
    const words = (await reaches(page, 'answer')).split(/, | or /);
    expect(words.toSorted()).toEqual(['One', 'Three', 'Two']);
    expect(await page.locator('.verdict').getAttribute('data-decision')).toBe('ambiguous');
    expect(await page.locator('.share').count()).toBe(0);
  });

  it('asks again with the same photo when another collection is chosen', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    await page.getByLabel('Collection').selectOption('empty');
    await page.getByRole('heading', { name: 'Nothing to compare with' }).waitFor();
    expect(new URL(page.url()).searchParams.get('collection')).toBe('empty');
    expect(await page.locator('.tile, .breed-row').count()).toBe(0);
  });

  it('marks the square of the photo that the answer is about', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    const asked = page.waitForResponse('**/v1/identify*');
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    await page.locator('.square').waitFor();
    const photo = (await page.locator('#picture').boundingBox())!;
    const square = (await page.locator('.square').boundingBox())!;
    const { region } = (await (await asked).json()) as Identification;
    expect(Math.abs(square.width - region.width * photo.width)).toBeLessThan(5);
    expect(Math.abs(square.height - region.height * photo.height)).toBeLessThan(5);
    expect(Math.abs(square.x - photo.x - region.left * photo.width)).toBeLessThan(5);
    await choose(page, await stage.file('square.jpg', await sceneJpeg(200, 200)));
    await page.locator('#caption', { hasText: 'square.jpg' }).waitFor();
    await reaches(page, 'answer');
    expect(await page.locator('.square').isVisible()).toBe(false);
  });

  it('gives no tick for a collection that was not measured', async () => {
    const photo = await stage.file('scene.jpg', await sceneJpeg(320, 240, 2));
    const { page } = await open(stage.browser, `${stage.app.url}/?collection=album`);
    await choose(page, photo);
    await reaches(page, 'answer');
    expect(await page.locator('.kicker').textContent()).toBe('Most similar to');
    expect(await page.locator('.kicker use').getAttribute('href')).not.toBe('#icon-check');
  });

  it('lists the labels of the collection, and finds a breed among them', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.locator('#breeds summary').click();
    const names = page.locator('.breed-list li:visible');
    expect(await names.count()).toBeGreaterThan(50);
    await page.getByLabel('Search breeds').fill('siam');
    await expect.poll(() => names.allTextContents()).toEqual([expect.stringMatching(/^Siamese/)]);
    await page.getByLabel('Search breeds').fill('unicorn');
    await page.getByText('No matching breed.').waitFor();
    await page.getByLabel('Collection').selectOption('album');
    await page.getByText('2 breeds in this collection (6 photos)').waitFor();
    expect(complaints).toEqual([]);
  });
});
