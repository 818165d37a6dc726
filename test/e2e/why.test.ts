import type { Page } from 'playwright-core';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, overflow, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

const SWITCH = 'Show why';
const caption = (page: Page) => page.locator('.why figcaption p').first().textContent();
const drawn = (page: Page) => page.locator('.why image').getAttribute('href');

/** The answer for the cat in the shipped collection, explained. */
async function explained(page: Page): Promise<void> {
  await choose(page, CHELSEA);
  await reaches(page, 'answer');
  await page.getByRole('button', { name: SWITCH }).click();
  await page.locator('.why').waitFor();
}

describeInBrowser('where a similarity comes from', (stage) => {
  it('is requested only when needed, and drawn over the photo', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/v1/identify')) {
        asked.push(new URL(request.url()).search);
      }
    });
    await explained(page);
    expect(asked).toEqual(['?collection=breeds&animals=true', '?collection=breeds&explain=true']);
    const button = page.getByRole('button', { name: SWITCH });
    expect(await button.getAttribute('aria-pressed')).toBe('true');
    expect(await caption(page)).toMatch(
      /^The \w+.* contributes the most: \d+% of the evidence for this \w+.*, similarity 0\.\d\d\./,
    );
    // The map lies on the photo, and is not one colour.
    const photo = (await page.locator('.why img').boundingBox())!;
    const map = (await page.locator('.why-photo > svg').boundingBox())!;
    for (const side of ['x', 'y', 'width', 'height'] as const) {
      expect(map[side]).toBeCloseTo(photo[side], 0);
    }
    expect(await drawn(page)).toMatch(/^data:image\/png/);
    await button.click();
    expect(await page.locator('.why').count()).toBe(0);
    await button.click();
    await page.locator('.why').waitFor();
    expect(asked).toHaveLength(2);
    // It stays on for the next photo, which then is asked once.
    await choose(page, CHELSEA);
    await page.locator('main[data-state=working]').waitFor();
    await reaches(page, 'answer');
    await page.locator('.why').waitFor();
    expect(asked.slice(2)).toEqual(['?collection=breeds&explain=true&animals=true']);
    expect(complaints).toEqual([]);
  });

  it('is drawn over the part of the photo that the answer looked at', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    const cat = await sharp(CHELSEA).resize(300, 300).toBuffer();
    const wide = await sharp({ create: { width: 1100, height: 300, channels: 3, background: '#7a8a6a' } })
      .composite([{ input: cat, left: 0, top: 0 }])
      .png()
      .toBuffer();
    await page.locator('#file').setInputFiles({ name: 'wide.png', mimeType: 'image/png', buffer: wide });
    await reaches(page, 'answer');
    await page.getByRole('button', { name: SWITCH }).click();
    await page.locator('.why').waitFor();
    const map = page.locator('.why image');
    expect(await map.getAttribute('x')).toBe('0');
    expect(Number(await map.getAttribute('width'))).toBeCloseTo(300, 0);
    expect(complaints).toEqual([]);
  });

  it('is chosen with the keyboard, previewed by pointing, kept by a click', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await explained(page);
    const first = { map: await drawn(page), words: await caption(page) };
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.id)).toBe('why-0');
    await page.keyboard.press('ArrowDown');
    const second = { map: await drawn(page), words: await caption(page) };
    expect(second).not.toEqual(first);
    expect(await page.locator('#status').textContent()).toBe(second.words);
    const third = page.locator('.tile').nth(2);
    await third.hover();
    const pointed = await drawn(page);
    expect(pointed).not.toBe(second.map);
    await page.getByRole('heading', { name: 'Most similar photos' }).hover();
    expect(await drawn(page)).toBe(second.map);
    await third.click({ position: { x: 8, y: 8 } });
    await page.getByRole('heading', { name: 'Most similar photos' }).hover();
    expect(await drawn(page)).toBe(pointed);
    expect(await page.locator('#why-2').isChecked()).toBe(true);
    expect(complaints).toEqual([]);
  });

  it.each([320, 390, 768, 1280])('is in view beside the tapped neighbour at %i pixels', async (width) => {
    const options = { viewport: { width, height: 740 }, hasTouch: width < 768, isMobile: width < 768 };
    const { page } = await open(stage.browser, stage.app.url, options);
    await explained(page);
    expect(await overflow(page)).toBe(0);
    const last = page.locator('.tile').last();
    await last.scrollIntoViewIfNeeded();
    await last.click({ position: { x: 8, y: 8 } });
    const figure = (await page.locator('.why').boundingBox())!;
    expect(figure.y).toBeGreaterThanOrEqual(0);
    expect(figure.y + figure.height).toBeLessThanOrEqual(740);
    expect(figure.height).toBeLessThan(width < 768 ? 740 / 2 : 740);
  });

  it('does not cover the text at a magnification of 400%', async () => {
    const { page } = await open(stage.browser, stage.app.url, { viewport: { width: 320, height: 190 } });
    await explained(page);
    await page.locator('.tile').last().scrollIntoViewIfNeeded();
    const figure = (await page.locator('.why').boundingBox())!;
    expect(figure.y + figure.height).toBeLessThanOrEqual(0);
  });

  it('says that the model cannot explain', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url);
    await page.route('**/v1/identify*explain=true', (route) =>
      route.fulfill({
        status: 409,
        contentType: 'application/problem+json',
        body: JSON.stringify({ code: 'explain_unavailable', title: 'This model cannot say.', status: 409 }),
      }),
    );
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    const button = page.getByRole('button', { name: SWITCH });
    await button.click();
    await page.getByText('This model cannot say.').first().waitFor();
    expect(await page.locator('.error').textContent()).toBe('This model cannot say.');
    expect(await button.getAttribute('aria-pressed')).toBe('false');
    expect(await page.locator('.breed-row, .tile').count()).toBeGreaterThan(0);
    expect(complaints).toEqual([]);
  });
});
