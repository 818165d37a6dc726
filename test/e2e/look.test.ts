import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { sceneJpeg } from '../helpers/images.js';
import { identification } from '../web/answers.js';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, overflow, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

const background = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);

describeInBrowser('how the page looks', (stage) => {
  it.each([320, 768])('never scrolls sideways at %i pixels', async (width) => {
    const options = { viewport: { width, height: 800 }, hasTouch: width < 768, isMobile: width < 768 };
    const { page } = await open(stage.browser, stage.app.url, options);
    expect(await overflow(page)).toBe(0);
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    expect(await overflow(page)).toBe(0);
    await page.getByLabel('Collection').selectOption('album');
    await expect.poll(() => page.locator('.frame img').count()).toBe(6);
    expect(await overflow(page)).toBe(0);
    await choose(page, await stage.file(`${'a-long-name-without-end'.repeat(8)}.jpg`, await sceneJpeg()));
    await reaches(page, 'answer');
    expect(await overflow(page)).toBe(0);
  });

  it('shows everything at 400 %, a window of 320 x 256 pixels', async () => {
    const options = { viewport: { width: 320, height: 256 } };
    const { page } = await open(stage.browser, `${stage.app.url}/?collection=album`, options);
    await choose(page, await stage.file('scene.jpg', await sceneJpeg(320, 240, 2)));
    await reaches(page, 'answer');
    await page.getByRole('button', { name: 'Choose a part' }).click();
    expect(await overflow(page)).toBe(0);
    await page.getByRole('button', { name: 'Wrong, it is …' }).click();
    await page.getByLabel('Label').fill('x'.repeat(60));
    expect(await overflow(page)).toBe(0);
    await page.getByRole('button', { name: 'Not like this Round thing' }).first().click();
    await page.locator('.chip').waitFor();
    expect(await overflow(page)).toBe(0);
  });

  it('uses lines instead of colours in forced-colours mode', async () => {
    const options = { forcedColors: 'active', colorScheme: 'dark', reducedMotion: 'reduce' } as const;
    const { page } = await open(stage.browser, `${stage.app.url}/?collection=album`, options);
    await choose(page, await stage.file('scene.jpg', await sceneJpeg(320, 240, 2)));
    await reaches(page, 'answer');
    const bar = page.locator('.candidates .bar').first();
    const [outline, fill, back] = await bar.evaluate((node) => [
      getComputedStyle(node).borderTopWidth,
      getComputedStyle(node, '::before').backgroundColor,
      getComputedStyle(node).backgroundColor,
    ]);
    expect(outline).toBe('1px');
    expect(fill).not.toBe(back);
    await page.getByRole('button', { name: 'Choose a part' }).click();
    expect(await page.locator('.crop').evaluate((node) => getComputedStyle(node).outlineStyle)).toBe('none');
    const pressed = page.getByRole('button', { name: 'Whole photo' });
    expect(await pressed.evaluate((node) => getComputedStyle(node).outlineStyle)).toBe('solid');
  });

  it('isolates a label that is written from right to left', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    const hebrew = identification('match', { סיאמי: 19, pug: 1 });
    await page.route('**/v1/identify*', (route) => route.fulfill({ json: hebrew }));
    await choose(page, CHELSEA);
    expect(await reaches(page, 'answer')).toContain('סיאמי');
    expect(await page.locator('.tally').textContent()).toContain('19 are \u2068סיאמי\u2069 and 1 Pug');
    expect(await page.locator('#answer h2 bdi').count()).toBe(1);
    expect(await page.locator('.breed-row bdi').first().textContent()).toContain('סיאמי');
  });

  it('offers the camera on a phone', async () => {
    const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
    const { page } = await open(stage.browser, stage.app.url, phone);
    expect(await page.getByRole('button', { name: 'Take a photo' }).isVisible()).toBe(true);
    expect(await page.locator('#camera').getAttribute('capture')).toBe('environment');
    const desk = await open(stage.browser, stage.app.url);
    expect(await desk.page.getByRole('button', { name: 'Take a photo' }).isVisible()).toBe(false);
  });

  it('follows the system into dark mode, and the user out of it', async () => {
    const { page } = await open(stage.browser, stage.app.url, { colorScheme: 'dark' });
    const dark = await background(page);
    await page.emulateMedia({ colorScheme: 'light' });
    const light = await background(page);
    expect(light).not.toBe(dark);
    await page.emulateMedia({ colorScheme: 'dark' });
    const toggle = page.getByRole('button', { name: 'Dark theme' });
    // The page hears of the system's choice by an event, which may come after the colours.
    await expect.poll(() => toggle.getAttribute('aria-pressed')).toBe('true');
    await toggle.click();
    expect(await toggle.getAttribute('aria-pressed')).toBe('false');
    expect(await background(page)).toBe(light);
    await page.reload();
    expect(await background(page)).toBe(light);
  });

  it.each(['/docs', '/docs/errors'])('links back from %s, which follows the theme', async (path) => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.getByRole('button', { name: 'Dark theme' }).click();
    const dark = await background(page);
    await page.goto(stage.app.url + path);
    const brightness = (await background(page)).match(/\d+/g)!.slice(0, 3).map(Number);
    expect(Math.max(...brightness)).toBeLessThan(80);
    await page.getByRole('link', { name: 'pawdex' }).first().click();
    await page.locator('#choose').waitFor();
    // The page stands before its script has run, which knows the theme.
    await expect.poll(() => background(page)).toBe(dark);
    expect(complaints).toEqual([]);
  });

  it('loads in under 60 kB, compressed', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    await page.locator('#breeds summary').waitFor();
    const bytes = await page.evaluate(() =>
      [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
        .map((entry) => (entry as PerformanceResourceTiming).transferSize)
        .reduce((sum, size) => sum + size, 0),
    );
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(60_000);
  });
});
