/**
 * Measures what a first visit loads and when it is drawn, and the page's frames per second while it scrolls the grid and
 * pans the map of a collection of ten thousand photos, in headless Chromium without a graphics card. A frame is the time
 * between two calls of requestAnimationFrame, which Chromium makes at most 60 times a second.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { openEmbeddedStore } from '../../dist/store/embedded/open-embedded-store.js';
import { launchChromium } from '../lib/chromium.mjs';
import { parseOptions } from '../lib/options.mjs';
import { findFreePort, machine, median, startServer } from './lib/harness.mjs';

const { values: args } = parseOptions(
  `npm run bench:page -- [options]

  --items N     photos of the collection, drawn (default 10000)
  --seconds N   of scrolling and of moving (default 5)
  --json        print one JSON object`,
  { items: '10000', seconds: '5', json: false },
);
const count = Number(args.items);
const seconds = Number(args.seconds);
const LABELS = 60;

/** Adds items with sixty labels and a picture each. The vectors of a label lie around one direction. */
async function fill(dataDir, { fingerprint, dimension, model }) {
  const store = await openEmbeddedStore({ dataDir });
  await store.createCollection({ name: 'many', dimension, fingerprint, model });
  const pictures = await Promise.all(
    Array.from({ length: LABELS }, (_, i) =>
      sharp({
        create: { width: 160, height: 160, channels: 3, background: `hsl(${i * 6}, 60%, 50%)` },
      })
        .jpeg()
        .toBuffer(),
    ),
  );
  for (let from = 0; from < count; from += 500) {
    const items = Array.from({ length: Math.min(500, count - from) }, (_, i) => {
      const n = from + i;
      const sha256 = createHash('sha256').update(String(n)).digest('hex');
      const label = n % LABELS;
      const vector = Float32Array.from(
        { length: dimension },
        (__, d) => Math.sin((d + 1) * (label + 1)) + 0.8 * Math.sin((d + 1) * (n + 1) * 1.37),
      );
      const named = { id: sha256.slice(0, 32), sha256, size: 1000, label: `label_${label}` };
      return { ...named, source: `photos/${n}.jpg`, metadata: {}, thumbnail: pictures[label], vector };
    });
    await store.put('many', items);
  }
  await store.close();
}

/** Reads the processor seconds used by the page's main thread. */
async function readMainThreadSeconds(session) {
  const { metrics } = await session.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN;
}

/** Repeats an action. Returns the frames per second, and the main thread's time per frame. */
async function framesWhile(page, act) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await readMainThreadSeconds(session);
  await page.evaluate(() => {
    const times = [];
    window.frameTimes = times;
    const note = (at) => {
      times.push(at);
      // Ends the loop once another measurement of this page has begun.
      if (window.frameTimes === times) {
        requestAnimationFrame(note);
      }
    };
    requestAnimationFrame(note);
  });
  const until = Date.now() + seconds * 1000;
  while (Date.now() < until) {
    await act();
  }
  const used = (await readMainThreadSeconds(session)) - before;
  const times = await page.evaluate(() => window.frameTimes);
  await session.detach();
  const gaps = times.slice(1).map((at, i) => at - times[i]);
  return {
    framesPerSecond: Math.round(((times.length - 1) / (times.at(-1) - times[0])) * 10_000) / 10,
    medianMs: median(gaps),
    mainThreadMsPerFrame: Math.round((used / (times.length - 1)) * 100_000) / 100,
    slowest5PercentMs: gaps.toSorted((a, b) => a - b)[Math.floor(gaps.length * 0.95)],
  };
}

/** A phone's line: 150 ms there and back, 1.6 Mbit/s down. */
const SLOW_LINE = { offline: false, latency: 150, downloadThroughput: 200_000, uploadThroughput: 94_000 };

/** Measures first visits: what they load, and when the browser paints. Medians of five. */
async function measureFirstVisits(browser, url, line) {
  const visits = [];
  for (let i = 0; i < 5; i++) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
    const page = await context.newPage();
    if (line !== null) {
      await (await context.newCDPSession(page)).send('Network.emulateNetworkConditions', line);
    }
    await page.addInitScript(() => {
      window.seen = { 'largest-contentful-paint': [], 'layout-shift': [], longtask: [] };
      for (const [type, entries] of Object.entries(window.seen)) {
        new PerformanceObserver((list) => entries.push(...list.getEntries())).observe({
          type,
          buffered: true,
        });
      }
    });
    await page.goto(url);
    await page.locator('#collection option').first().waitFor({ state: 'attached' });
    await page.waitForTimeout(500);
    visits.push(
      await page.evaluate(() => {
        const loaded = ['navigation', 'resource'].flatMap((type) => performance.getEntriesByType(type));
        const sum = (entries, key) => entries.reduce((total, entry) => total + entry[key], 0);
        return {
          requests: loaded.length,
          bytes: sum(loaded, 'transferSize'),
          firstPaintMs: performance.getEntriesByName('first-contentful-paint')[0].startTime,
          largestPaintMs: window.seen['largest-contentful-paint'].at(-1).startTime,
          layoutShift: sum(window.seen['layout-shift'], 'value'),
          longTasksMs: sum(window.seen.longtask, 'duration'),
        };
      }),
    );
    await context.close();
  }
  const keys = Object.keys(visits[0]);
  return Object.fromEntries(keys.map((key) => [key, median(visits.map((visit) => visit[key]))]));
}

const dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-bench-page-'));
const port = await findFreePort();
const url = `http://127.0.0.1:${port}`;
const env = {
  PAWDEX_PORT: String(port),
  PAWDEX_DATA_DIR: dataDir,
  PAWDEX_GALLERY: '',
  PAWDEX_LOG_LEVEL: 'warn',
};
const start = () => startServer('node', ['dist/cli/main.js', 'serve'], env, `${url}/readyz`);
let server = await start();
const { model } = await (await fetch(`${url}/v1/info`)).json();
await server.stop();
await fill(dataDir, { fingerprint: model.fingerprint, dimension: model.dimension, model: model.name });
server = await start();
const browser = await launchChromium();
try {
  const firstVisit = await measureFirstVisits(browser, url, null);
  const slowVisit = await measureFirstVisits(browser, url, SLOW_LINE);
  const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
  page.setDefaultTimeout(600_000);
  const started = performance.now();
  await fetch(`${url}/v1/collections/many/map`).then((answer) => answer.arrayBuffer());
  const mapSeconds = Math.round(performance.now() - started) / 1000;

  await page.goto(`${url}/#/collections/many`);
  await page.locator('.item img').first().waitFor();
  // Fetch everything first, so that the page holds ten thousand items while it is measured.
  const tiles = page.locator('.item');
  for (let shown = await tiles.count(); shown < count; shown = await tiles.count()) {
    await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
    await page.waitForTimeout(50);
  }
  await page.evaluate(() => scrollTo(0, 0));
  const grid = await framesWhile(page, async () => {
    await page.mouse.wheel(0, 200);
    await page.waitForTimeout(16);
  });

  await page.goto(`${url}/#/collections/many/map`);
  await page.locator('.map-canvas').waitFor();
  await page.mouse.move(500, 600);
  let turn = 0;
  const map = await framesWhile(page, async () => {
    await page.mouse.wheel(0, turn++ % 40 < 20 ? -60 : 60);
    await page.mouse.move(500 + (turn % 100), 600);
  });
  const result = { machine: machine(), items: count, firstVisit, slowVisit, mapSeconds, grid, map };
  console.log(
    args.json
      ? JSON.stringify(result)
      : `first visit ${JSON.stringify(firstVisit)}\non a slow line ${JSON.stringify(slowVisit)}\n${count} items\nmap drawn by the server in ${mapSeconds} s\ngrid ${JSON.stringify(grid)}\nmap  ${JSON.stringify(map)}`,
  );
} finally {
  await browser.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
