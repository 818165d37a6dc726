/**
 * Takes the screenshot docs/images/page.png: the real page with its answer for the example photo of a dog.
 *
 *   node scripts/docs/screenshot.mjs [FILE]
 *
 * Needs a build and a Chromium on the PATH. Starts its own server on a free port with an empty data directory.
 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { parseConfig } from '../../dist/config.js';
import { openLocalEngine } from '../../dist/engine/local-engine.js';
import { createApp } from '../../dist/http/create-app.js';
import { startServer } from '../../dist/http/start-server.js';
import { FileJobRecords } from '../../dist/jobs/job-records.js';
import { JobRunner } from '../../dist/jobs/job-runner.js';
import { createJobWork } from '../../dist/jobs/job-work.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const target = path.resolve(process.argv[2] ?? path.join(root, 'docs', 'images', 'page.png'));

function findChromium() {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  for (const name of names) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // Try the next name.
    }
  }
  throw new Error(`None of ${names.join(', ')} is on the PATH.`);
}

const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-screenshot-'));
const config = parseConfig({ DATA_DIR: folder }, {});
const engine = await openLocalEngine({ config });
const jobs = await JobRunner.open({
  work: createJobWork(engine),
  records: new FileJobRecords(path.join(folder, 'jobs'), () => {}),
});
const lifecycle = { state: 'ready' };
const app = createApp({
  engine,
  jobs,
  config,
  logger: pino({ level: 'silent' }),
  version: '0.0.0',
  lifecycle,
  webDir: path.join(root, 'dist', 'web'),
});
const server = await startServer(app, { host: '127.0.0.1', port: 0, lifecycle });
const browser = await chromium.launch({
  executablePath: findChromium(),
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
});
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
  await server.close({ graceSeconds: 1 });
  await jobs.close();
  await engine.close();
  await rm(folder, { recursive: true });
}
