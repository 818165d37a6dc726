import { expect, it } from 'vitest';
import { open } from './helpers/browser.js';
import { CHELSEA, choose, reaches } from './helpers/steps.js';
import { describeInBrowser } from './helpers/suite.js';

describeInBrowser('the language of the page', (stage) => {
  it('is that of the browser', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url, { locale: 'de-AT' });
    await page.getByRole('heading', { name: 'Welche Rasse ist das?' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect(await page.title()).toBe('pawdex: Welche Rasse ist das?');
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    expect(await page.locator('.tally').textContent()).toMatch(/ähnlichsten Fotos/);
    await choose(page, await stage.file('words.jpg', 'words'));
    expect(await reaches(page, 'problem')).toBe('Das ist kein Bild, das der Server lesen kann.');
    expect(complaints).toEqual([]);
  });

  it('can be changed while an answer is shown, and stays changed', async () => {
    const { page } = await open(stage.browser, stage.app.url, { locale: 'fr' });
    expect(await page.locator('html').getAttribute('lang')).toBe('en');
    await choose(page, CHELSEA);
    await reaches(page, 'answer');
    await page.getByLabel('Language').selectOption('de');
    await page.locator('.tally', { hasText: 'ähnlichsten Fotos' }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('de');
    expect(await page.locator('.facts').textContent()).toContain('Beantwortet in');
    await page.reload();
    await page.getByRole('heading', { name: 'Welche Rasse ist das?' }).waitFor();
    await page.getByLabel('Sprache').selectOption('en');
    await page.getByRole('heading', { name: 'Which breed is this?' }).waitFor();
  });
});
