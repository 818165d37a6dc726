/**
 * A load client: `node closed-loop.mjs URL PHOTOS CONNECTIONS SECONDS`. Each connection identifies one photo after
 * another, and /healthz is requested every 20 ms beside them. Prints one line of JSON, with times in milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './harness.mjs';
import { readPhotos } from './photos.mjs';

const [url, folder, connections, seconds] = process.argv.slice(2);
const photos = readPhotos(folder).map((bytes) => new Blob([bytes], { type: 'image/jpeg' }));
const times = [];
const probeTimes = [];
let sent = 0;
let bad = 0;
const end = performance.now() + Number(seconds) * 1000;

async function identifyPhotos() {
  while (performance.now() < end) {
    const form = new FormData();
    form.set('image', photos[sent++ % photos.length], 'photo.jpg');
    const started = performance.now();
    const response = await fetch(new URL('/v1/identify', url), { method: 'POST', body: form }).catch(
      () => null,
    );
    await response?.arrayBuffer();
    if (response?.ok) {
      times.push(performance.now() - started);
    } else {
      bad++;
    }
  }
}

async function probe() {
  while (performance.now() < end) {
    const started = performance.now();
    const response = await fetch(new URL('/healthz', url)).catch(() => null);
    await response?.arrayBuffer();
    probeTimes.push(performance.now() - started);
    await sleep(20);
  }
}

await Promise.all([...Array.from({ length: Number(connections) }, identifyPhotos), probe()]);
console.log(
  JSON.stringify({
    perSecond: times.length / Number(seconds),
    p50: percentile(times, 0.5),
    p99: percentile(times, 0.99),
    bad,
    probeP99: percentile(probeTimes, 0.99),
  }),
);
