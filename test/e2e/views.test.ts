import type { Page } from 'playwright-core';
import { afterAll, expect, it } from 'vitest';
import { PAGES } from '../../src/web/manage/collection-page.js';
import { PAGE_STATES } from '../../src/web/views/answer-panel.js';
import { sceneJpeg } from '../helpers/images.js';
import { barriers } from './helpers/barriers.js';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, give, overflow, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
/** The rules whose outcome depends on colours. The others have been checked at the same width. */
const COLOURS = ['color-contrast', 'link-in-text-block'];
/** Each view is checked in all of these, by switching in place. */
const MODES = [
  { name: 'light desktop', size: DESKTOP, media: { colorScheme: 'light', forcedColors: 'none' } },
  {
    name: 'dark desktop',
    size: DESKTOP,
    media: { colorScheme: 'dark', forcedColors: 'none' },
    rules: COLOURS,
  },
  { name: 'dark phone', size: PHONE, media: { colorScheme: 'dark', forcedColors: 'none' } },
  { name: 'light phone', size: PHONE, media: { colorScheme: 'light', forcedColors: 'none' }, rules: COLOURS },
  {
    name: 'forced colours',
    size: PHONE,
    media: { colorScheme: 'dark', forcedColors: 'active' },
    rules: COLOURS,
  },
] as const;

const checked = new Map<string, string[]>();

/** Checks what the page shows in every mode. */
async function check(page: Page, view: string): Promise<void> {
  const passed: string[] = [];
  for (const { name, size, media, ...mode } of MODES) {
    await page.setViewportSize(size);
    await page.emulateMedia({ ...media, reducedMotion: 'reduce' });
    const found = await barriers(page, 'rules' in mode ? mode.rules : undefined);
    expect([view, name, found, await overflow(page)]).toEqual([view, name, [], 0]);
    passed.push(name);
  }
  checked.set(view, passed);
  await page.setViewportSize(DESKTOP);
  await page.emulateMedia({ ...MODES[0].media, reducedMotion: 'reduce' });
}

describeInBrowser('views without barriers and sideways scrolling', (stage) => {
  const button = (page: Page, text: string | RegExp) => page.getByRole('button', { name: text });

  it('are those of asking', async () => {
    const { page } = await open(stage.browser, `${stage.app.url}/?collection=album`);
    const scene = await stage.file('scene.jpg', await sceneJpeg(320, 240, 2));
    await check(page, 'start');
    await page.locator('#breeds summary').click();
    await check(page, 'start: known breeds');
    await page.route('**/v1/identify*', () => {});
    await choose(page, scene);
    await reaches(page, 'working');
    await check(page, 'working');
    await page.unroute('**/v1/identify*');
    await page.keyboard.press('Escape');
    await choose(page, scene);
    await reaches(page, 'answer');
    await expect.poll(() => page.locator('.frame img').count()).toBe(6);
    await check(page, 'answer');
    await button(page, 'Choose a part').click();
    await check(page, 'answer: a part');
    await page.keyboard.press('Escape');
    await button(page, 'Show why').click();
    await page.locator('.why').waitFor();
    await check(page, 'answer: why');
    await button(page, 'Show why').click();
    await button(page, 'Not like this Round thing').first().click();
    await page.locator('.chip').waitFor();
    await check(page, 'answer: marks');
    await button(page, 'Share as a link').click();
    await page.getByLabel('Link to this answer').waitFor();
    await check(page, 'answer: share');
    await button(page, 'Wrong, it is …').click();
    await page.getByLabel('Label').fill('x'.repeat(60));
    await check(page, 'answer: teach');
    await button(page, /enlarge/)
      .first()
      .click();
    await page.getByRole('dialog').getByRole('button', { name: 'Find similar photos' }).click();
    await page.locator('.similar img').first().waitFor();
    await check(page, 'dialog: similar photo');
    await page.keyboard.press('Escape');
    await choose(page, await stage.file('words.jpg', 'words'));
    await reaches(page, 'problem');
    await check(page, 'problem');
    await give(page, 'drop', scene, await stage.file('words.png', 'words'));
    await page.locator('.batch').getByText('1 of 2 answered').waitFor();
    await check(page, 'batch');
  });

  it('include an answer without pictures, for the shipped collection', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    await check(page, 'answer: breeds');
  });

  it('are those of collections', async () => {
    const { page } = await open(stage.browser, `${stage.app.url}/#/collections`);
    const go = (address: string) => page.goto(`${stage.app.url}/#/collections${address}`);
    const row = page.locator('.collection', { hasText: 'album' });
    await row.waitFor();
    await check(page, 'collections');
    await row.getByRole('button', { name: 'Edit' }).click();
    await check(page, 'dialog: edit');
    await page.keyboard.press('Escape');
    await row.getByRole('button', { name: 'Delete' }).click();
    await check(page, 'dialog: delete');
    await page.keyboard.press('Escape');
    await go('/album');
    await expect.poll(() => page.locator('.item img').count()).toBe(6);
    await page.locator('.item input').first().check();
    await check(page, 'collection: photos');
    await page.locator('.item input').first().press('Enter');
    await page.getByRole('dialog').waitFor();
    await check(page, 'dialog: photo');
    await page.keyboard.press('Escape');
    await go('/empty');
    await page.getByText('The collection is empty').waitFor();
    await check(page, 'collection: empty');
    await give(page, 'drop', CHELSEA);
    await button(page, 'Add photos').waitFor();
    await check(page, 'collection: upload preview');
    await page.route('**/items', (route) => route.abort());
    await button(page, 'Add photos').click();
    await button(page, 'Continue').waitFor();
    await check(page, 'collection: upload paused');
    await button(page, 'Stop').click();
    await go('/album/map');
    await page.locator('.map-canvas').waitFor();
    await check(page, 'collection: map');
    await go('/tie/duplicates');
    await page.locator('.pair').first().waitFor();
    await check(page, 'collection: duplicates');
    await go('/album/quality');
    await button(page, 'Evaluate').click();
    await button(page, 'Open the report').click();
    await page.locator('iframe.report').waitFor();
    await check(page, 'collection: quality');
    await go('/nosuch');
    await page.getByRole('heading', { name: 'There is no such collection' }).waitFor();
    await check(page, 'collections: problem');
  });

  it('are those of servers with keys, of read-only ones, and of the reference', async () => {
    const { page } = await open(stage.browser, stage.app.guarded);
    await page.getByLabel('API key', { exact: true }).waitFor();
    await check(page, 'key');
    await page.goto(`${stage.app.readOnly}/#/collections/album`);
    await page.locator('.item').first().waitFor();
    await check(page, 'read-only');
    await page.goto(`${stage.app.url}/docs/errors`);
    await check(page, 'docs: errors');
    await page.goto(`${stage.app.url}/docs`);
    await page.locator('.opblock').first().waitFor();
    await check(page, 'docs');
  });

  it('are all that the page has', () => {
    const known = [...PAGE_STATES, ...PAGES.map((each) => `collection: ${each}`), 'collections'];
    expect(known.filter((view) => !checked.has(view))).toEqual([]);
  });
});

afterAll(() => {
  const rows = [...checked].map(([view, modes]) => `  ${view.padEnd(28)} ${modes.join(', ')}`);
  console.info(`axe found nothing in:\n${rows.join('\n')}`);
});
