import { randomBytes } from 'node:crypto';
import { utimes } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { heicHeader, sceneJpeg } from '../helpers/images.js';
import { KEY } from './helpers/app.js';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, give, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

const IDENTIFY = '**/v1/identify*';

/** Holds back identify requests until they are let go. */
async function hold(page: Page): Promise<() => void> {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route(IDENTIFY, async (route) => {
    await held;
    // The page may have given the request up by now; then there is nothing to go on with.
    await route.continue().catch(() => {});
  });
  return letGo;
}

describeInBrowser('what can go wrong', (stage) => {
  const bad: [string, string, () => Promise<Uint8Array | string> | Uint8Array | string, string][] = [
    ['text named .jpg', 'words.jpg', () => 'these are words', 'not a picture'],
    ['a HEIC photo', 'phone.heic', heicHeader, 'HEIC'],
    ['a photo cut short', 'cut.jpg', async () => (await sceneJpeg()).subarray(0, 3000), 'damaged'],
    [
      'a single pixel',
      'dot.png',
      () =>
        sharp({ create: { width: 1, height: 1, channels: 3, background: '#fff' } })
          .png()
          .toBuffer(),
      'too small',
    ],
    ['an empty file', 'empty.jpg', () => '', 'empty'],
  ];
  it.each(bad)('explains %s', async (_what, name, bytes, words) => {
    const file = await stage.file(name, await bytes());
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await choose(page, file);
    expect(await reaches(page, 'problem')).toContain(words);
    expect(await page.locator('.advice').textContent()).not.toBe('');
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    expect(complaints).toEqual([]);
  });

  it('offers no part of a file that it cannot show', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    expect(await page.locator('#crop').isVisible()).toBe(true);
    await choose(page, await stage.file('words.jpg', 'words'));
    await reaches(page, 'problem');
    await page.getByText('This browser cannot display this file.').waitFor();
    expect(await page.locator('#crop').isVisible()).toBe(false);
  });

  it('sends a smaller copy of a photo that is too large, on request', async () => {
    const noise = randomBytes(900 * 700 * 3);
    const large = await sharp(noise, { raw: { width: 900, height: 700, channels: 3 } })
      .png()
      .toBuffer();
    expect(large.length).toBeGreaterThan(1024 * 1024);
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await choose(page, await stage.file('large.png', large));
    expect(await reaches(page, 'problem')).toContain('too large');
    await page.getByRole('button', { name: 'Send a smaller copy' }).click();
    await reaches(page, 'answer');
    expect(await page.locator('#caption').textContent()).toContain('large-small.jpg');
    expect(complaints).toEqual([]);
  });

  it('says what to do when something without a picture is dropped', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await give(page, 'drop');
    await page.locator('#hint', { hasText: 'no picture' }).waitFor();
    expect(await page.locator('#status').textContent()).toContain('no picture');
    expect(await page.locator('main').getAttribute('data-state')).toBe('start');
  });

  it('keeps the answer when text is pasted', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await choose(page, CHELSEA);
    const headline = await reaches(page, 'answer');
    await give(page, 'paste');
    await page.locator('#hint', { hasText: 'no picture' }).waitFor();
    expect(await reaches(page, 'answer')).toBe(headline);
  });

  it('never asks another collection than the one in the URL', async () => {
    const { page } = await open(stage.browser, `${stage.app.url}/?collection=nosuch`);
    await page.locator('#hint', { hasText: 'There is no collection “nosuch”' }).waitFor();
    await choose(page, CHELSEA);
    expect(await reaches(page, 'problem')).toContain('no such collection');
    await page.locator('#collection').selectOption('breeds');
    await reaches(page, 'answer');
  });

  it('does not blame the size of a small photo for a lost connection', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await page.route(IDENTIFY, (route) => route.abort('connectionrefused'));
    await choose(page, await stage.file('small.jpg', await sceneJpeg()));
    await reaches(page, 'problem');
    expect(await page.getByRole('button', { name: 'Send a smaller copy' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(1);
  });

  it('retries automatically when the server is busy', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    let asked = 0;
    await page.route(IDENTIFY, async (route) => {
      asked++;
      if (asked > 1) {
        return route.continue();
      }
      const problem = { code: 'overloaded', title: 'Busy.', status: 503, hint: 'Later.' };
      await route.fulfill({
        status: 503,
        headers: { 'retry-after': '1' },
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      });
    });
    await choose(page, CHELSEA);
    expect(await reaches(page, 'problem')).toContain('busy');
    await reaches(page, 'answer');
    expect(asked).toBe(2);
  });

  it('says that the device is offline, and continues when it is back', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await page.context().setOffline(true);
    await choose(page, CHELSEA);
    expect(await reaches(page, 'problem')).toContain('offline');
    await page.context().setOffline(false);
    await page.getByRole('button', { name: 'Try again' }).click();
    await reaches(page, 'answer');
  });

  it('says that a part of the page cannot be loaded, and continues', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.context().setOffline(true);
    await page.getByRole('link', { name: 'Collections' }).click();
    await page.getByRole('heading', { name: 'This device is offline.' }).waitFor();
    await page.context().setOffline(false);
    const isPart = (url: URL) => url.pathname.includes('/parts/');
    // A page that was opened before the server got another one.
    await page.route(isPart, (route) => route.fulfill({ status: 404 }));
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'This page is older than the one on the server.' }).waitFor();
    await page.unroute(isPart);
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: 'Collections' }).waitFor();
    // The browser itself says that the service worker could not be fetched.
    expect(complaints.filter((words) => words.startsWith('error'))).toEqual([]);
  });

  it('says that the server does not answer', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await page.route(IDENTIFY, (route) => route.abort('connectionrefused'));
    await choose(page, CHELSEA);
    expect(await reaches(page, 'problem')).toContain('did not answer');
  });

  it.each([
    ['is not JSON', { contentType: 'text/html', body: '<html>Sign in' }],
    ['ends too early', { headers: { 'content-length': '1000' }, body: '{"collections":' }],
  ])('says that the answer of the server %s', async (_what, answer) => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.route('**/v1/collections', (route) => route.fulfill({ status: 200, ...answer }));
    await page.getByRole('link', { name: 'Collections' }).click();
    await page.getByRole('heading', { name: /did not answer|answered with status 200/ }).waitFor();
    await page.unroute('**/v1/collections');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('.collection').first().waitFor();
    expect(complaints).toEqual([]);
  });

  it('says that a dropped folder cannot be read', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.evaluate(() => {
      const fail = () => new DOMException('gone', 'NotReadableError');
      const readEntries = (_done: unknown, failed: (error: DOMException) => void) => failed(fail());
      Object.assign(DataTransferItem.prototype, {
        getAsFileSystemHandle: () => Promise.reject(fail()),
        webkitGetAsEntry: () => ({ name: 'x', isDirectory: true, createReader: () => ({ readEntries }) }),
      });
    });
    await give(page, 'drop', CHELSEA);
    await page.locator('#hint', { hasText: 'These files cannot be read.' }).waitFor();
    await page.evaluate(() => {
      location.hash = '#/collections/album';
    });
    await page.locator('.item').first().waitFor();
    await give(page, 'drop', CHELSEA);
    await page.getByRole('alert').getByText('These files cannot be read.').waitFor();
    expect(complaints).toEqual([]);
  });

  it('stays in its language if another cannot be loaded', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.route('**/parts/german*', (route) => route.abort());
    await page.getByLabel('Language').selectOption('de');
    await page.locator('#hint', { hasText: 'The server did not answer.' }).waitFor();
    expect(await page.getByLabel('Language').inputValue()).toBe('en');
    expect(complaints).toEqual([]);
  });

  it('says that a collection does not exist if its name in the URL is no name', async () => {
    const { page, complaints } = await open(stage.browser, `${stage.app.url}/#/collections/%`);
    await page.getByRole('heading', { name: 'There is no such collection' }).waitFor();
    expect(complaints).toEqual([]);
  });

  it('says that the photo was changed, rather than that the server is down', async () => {
    const file = await stage.file('changed.jpg', await sceneJpeg(320, 240, 1));
    const { page, complaints } = await open(stage.browser, `${stage.app.url}/?collection=album`);
    await choose(page, file);
    await reaches(page, 'answer');
    await stage.file('changed.jpg', await sceneJpeg(300, 200, 2));
    // The browser compares times in whole seconds.
    const later = new Date(Date.now() + 60_000);
    await utimes(file, later, later);
    await page.getByLabel('Collection').selectOption('empty');
    expect(await reaches(page, 'problem')).toContain('can no longer be read');
    expect(complaints).toEqual([]);
  });

  it('gives up on Esc, and never shows an abandoned answer', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    const letGo = await hold(page);
    await choose(page, CHELSEA);
    await reaches(page, 'working');
    await page.keyboard.press('Escape');
    await page.locator('main[data-state=start]').waitFor();
    letGo();
    await page.unroute(IDENTIFY);
    await page.waitForTimeout(300);
    expect(await page.locator('main').getAttribute('data-state')).toBe('start');
    expect(complaints).toEqual([]);
  });

  it('replaces a request under way with the next photo', async () => {
    const other = await stage.file('other.jpg', await sceneJpeg());
    const { page } = await open(stage.browser, `${stage.app.url}/?collection=album`);
    const letGo = await hold(page);
    await choose(page, CHELSEA);
    await reaches(page, 'working');
    const cancelled = page.waitForEvent('requestfailed');
    await give(page, 'drop', other);
    expect((await cancelled).url()).toContain('/v1/identify');
    letGo();
    await reaches(page, 'answer');
    expect(await page.locator('.tile .similarity').first().textContent()).toContain('1.00');
    expect(await page.locator('#caption').textContent()).toContain('other.jpg');
  });

  it('asks for a key if the server requires one, and keeps it only in the tab', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.guarded);
    const field = page.getByLabel('API key', { exact: true });
    await field.fill('wrong');
    await page.keyboard.press('Enter');
    await page.getByText('This key was not accepted').waitFor();
    await choose(page, CHELSEA);
    expect(await reaches(page, 'problem')).toContain('API key');
    await field.fill(KEY);
    await page.keyboard.press('Enter');
    await reaches(page, 'answer');
    expect(await field.isVisible()).toBe(false);
    await page.getByLabel('Collection').selectOption('album');
    await expect.poll(() => page.locator('.frame img').count()).toBe(6);
    expect(await page.evaluate(() => JSON.stringify(localStorage))).not.toContain(KEY);
    expect(complaints).toEqual([]);
  });

  it('does not ask for a key again because of an answer from before', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await page.route('**/v1/info', async (route) => {
      const answer = await route.fetch();
      if (route.request().headers().authorization === undefined) {
        await held;
      }
      await route.fulfill({ response: answer });
    });
    await page.goto(`${stage.app.guarded}/#/collections`);
    await page.getByLabel('API key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    letGo();
    await page.locator('.collection', { hasText: 'album' }).waitFor();
    expect(await page.getByLabel('API key', { exact: true }).isVisible()).toBe(false);
    expect(complaints.filter((words) => !words.startsWith('request to'))).toEqual([]);
  });

  it('works in a browser that blocks storage', async () => {
    const block = () => {
      for (const kind of ['localStorage', 'sessionStorage', 'indexedDB']) {
        Object.defineProperty(window, kind, {
          get() {
            throw new DOMException('blocked', 'SecurityError');
          },
        });
      }
    };
    const { page, complaints } = await open(stage.browser, stage.app.guarded, {}, async (fresh) => {
      await fresh.addInitScript(block);
    });
    await page.getByLabel('API key', { exact: true }).fill(KEY);
    await page.keyboard.press('Enter');
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    await page.getByRole('button', { name: 'Dark theme' }).click();
    await page.getByLabel('Language').selectOption('de');
    await page.getByRole('link', { name: 'Sammlungen' }).click();
    await page.getByRole('link', { name: 'album' }).click();
    await page.locator('.item').first().waitFor();
    await page.goto(`${stage.app.guarded}/docs/errors`);
    expect(complaints).toEqual([]);
  });

  it('asks for no key if the server requires none', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await page.locator('#collection option', { hasText: 'album' }).waitFor({ state: 'attached' });
    expect(await page.getByLabel('API key', { exact: true }).isVisible()).toBe(false);
  });
});
