/**
 * Takes the screenshot docs/images/page.png: the real page with its answer for the example photo of a dog.
 *
 *   node scripts/docs/screenshot.mjs [FILE]
 *
 * Needs a build and a Chromium on the PATH. Starts its own server on a free port with an empty data directory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { startPawdex } from '../bench/lib/harness.mjs';
import { launchChromium } from '../lib/chromium.mjs';
import { fromRoot } from '../lib/options.mjs';

const target = path.resolve(process.argv[2] ?? fromRoot('docs/images/page.png'));
const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-screenshot-'));
const server = await startPawdex(folder);
const browser = await launchChromium();
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 835 }, colorScheme: 'light' });
  await page.goto(server.url);
  const example = page.locator('[data-example=dog]');
  // The first request warms the model up; the screenshot shows the timing of the second.
  await example.click();
  await page.locator('main[data-state=answer]').waitFor();
  await page.reload();
  await example.click();
  await page.locator('main[data-state=answer]').waitFor();
  await page.waitForTimeout(800);
  const shot = await page.screenshot();
  await sharp(shot).png({ palette: true, colours: 256, effort: 10 }).toFile(target);
} finally {
  await browser.close();
  await server.stop();
  await rm(folder, { recursive: true });
}
