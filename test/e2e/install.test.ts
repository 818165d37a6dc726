import sharp from 'sharp';
import { expect, it } from 'vitest';
import { open } from './helpers/browser.js';
import { describeInBrowser } from './helpers/suite.js';

describeInBrowser('the installed page', (stage) => {
  it('has a manifest whose icons are as large as it says', async () => {
    const { page } = await open(stage.browser, stage.app.url);
    const href = await page.locator('link[rel=manifest]').evaluate((link: HTMLLinkElement) => link.href);
    const manifest = (await (await fetch(href)).json()) as {
      display: string;
      start_url: string;
      icons: { src: string; sizes: string; type: string }[];
    };
    expect(manifest).toMatchObject({ display: 'standalone', start_url: './' });
    const sizes: string[] = [];
    for (const { src, sizes: said } of manifest.icons.filter(({ type }) => type === 'image/png')) {
      const bytes = Buffer.from(await (await fetch(new URL(src, href))).arrayBuffer());
      const { width, height } = await sharp(bytes).metadata();
      expect(`${width}x${height}`).toBe(said);
      sizes.push(said);
    }
    expect(sizes).toEqual(expect.arrayContaining(['192x192', '512x512']));
  });

  it('opens without the server, and says that it does not answer', async () => {
    const { page, complaints } = await open(stage.browser, stage.app.url, { locale: 'de-DE' });
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
    });
    await expect
      .poll(() => page.evaluate(() => navigator.serviceWorker.controller?.state ?? null))
      .toBe('activated');
    await page.context().setOffline(true);
    await page.reload();
    await page.getByRole('heading', { name: 'Welche Rasse ist das?' }).waitFor();
    await page.getByRole('button', { name: 'Foto auswählen' }).waitFor();
    await page.context().setOffline(false);
    expect(complaints).toEqual([]);
  });
});
