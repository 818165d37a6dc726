/**
 * Measures waiting times under overload: identify at several times the sustainable rate, and identify while photos
 * are added in bulk. With --tree, another built checkout is measured alternately.
 */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fromRoot, parseOptions, ROOT } from '../lib/options.mjs';
import { loadServer, machine, median, runCommand, startPawdex } from './lib/harness.mjs';
import { listPhotos } from './lib/photos.mjs';

const { values: args } = parseOptions(
  `npm run bench:overload -- [options]

  --photos DIR   folder of JPEG photos (default ../shared/petset/images)
  --factor N     multiple of the sustainable rate (default 4)
  --seconds N    of each measurement (default 15)
  --rounds N     (default 3)
  --tree DIR     another built checkout to measure beside this one
  --json         print one JSON object`,
  { photos: '../shared/petset/images', factor: '4', seconds: '15', rounds: '3', tree: '', json: false },
);
const photos = fromRoot(args.photos);
listPhotos(photos); // exits if there are none
const seconds = Number(args.seconds);
/** Photos per bulk request, and parallel requests: the same as `pawdex index` through a server. */
const BULK = { files: 32, requests: 2 };

const client = async (script, ...given) =>
  JSON.parse(await runCommand('node', [path.join(ROOT, 'scripts/bench/lib', script), ...given.map(String)]));
const ask = (url, rate) => client('open-loop.mjs', url, photos, rate, seconds);

/** Adds photos until the signal is aborted. Recreates the collection once it has all of them. */
async function addInBulk(url, signal) {
  const names = (await readdir(photos, { recursive: true })).filter((file) => /\.jpe?g$/i.test(file));
  const create = async (name) => {
    await fetch(`${url}/v1/collections/${name}`, { method: 'DELETE' });
    const body = JSON.stringify({ name });
    await fetch(`${url}/v1/collections`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  };
  await create('bulk');
  let at = 0;
  let added = 0;
  const one = async () => {
    while (!signal.aborted) {
      if (at + BULK.files > names.length) {
        at = 0;
        await create('bulk');
      }
      const batch = names.slice(at, at + BULK.files);
      at += batch.length;
      const form = new FormData();
      for (const name of batch) {
        form.append('image', new Blob([await readFile(path.join(photos, name))]), path.basename(name));
      }
      const answer = await fetch(`${url}/v1/collections/bulk/items`, { method: 'POST', body: form });
      const { created = 0 } = await answer.json();
      added += created;
      if (answer.status === 503) {
        await sleep(1000 * Number(answer.headers.get('retry-after')));
      }
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: BULK.requests }, one));
  return added / ((performance.now() - started) / 1000);
}

async function whileAdding(url) {
  const stop = new AbortController();
  const adding = addInBulk(url, stop.signal);
  await sleep(2000);
  const asked = await ask(url, 0);
  stop.abort();
  return { asked, addedPerSecond: await adding };
}

async function addAlone(url) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), seconds * 1000);
  return addInBulk(url, stop.signal);
}

async function start(tree, dataDir) {
  const name = path.basename(tree);
  return { name, ...(await startPawdex(path.join(dataDir, name), tree)) };
}

async function measure({ url }) {
  const { perSecond: rate } = await loadServer(url, photos, 32, seconds);
  const idle = await ask(url, 0);
  const overload = await ask(url, rate * Number(args.factor));
  await sleep(1000);
  return { rate, idle, overload, bulkAlone: await addAlone(url), bulk: await whileAdding(url) };
}

const seconds1 = (ms) => (ms === null ? '-' : `${(ms / 1000).toFixed(2)} s`);
function describe(name, rounds) {
  const of = (pick) => median(rounds.map(pick));
  return [
    name,
    `  sustained at 32 connections  ${of((r) => r.rate).toFixed(1)} a second`,
    `  at ${args.factor} times that: accepted ${of((r) => r.overload.acceptedPerSecond).toFixed(1)} a second, p50 ${seconds1(of((r) => r.overload.p50))}, p99 ${seconds1(of((r) => r.overload.p99))}, slowest ${seconds1(Math.max(...rounds.map((r) => r.overload.slowest)))}`,
    `    refused ${of((r) => r.overload.refused)}, p99 ${seconds1(of((r) => r.overload.refusedP99 ?? 0))}, failed ${of((r) => r.overload.failed)}, Retry-After ${JSON.stringify(rounds.at(-1).overload.retryAfter)}`,
    `  one at a time: idle p50 ${of((r) => r.idle.p50)} ms, p99 ${of((r) => r.idle.p99)} ms; while adding p50 ${of((r) => r.bulk.asked.p50)} ms, p99 ${of((r) => r.bulk.asked.p99)} ms: ${(of((r) => r.bulk.asked.p50 / r.idle.p50)).toFixed(2)} times the idle p50`,
    `  added in bulk ${of((r) => r.bulkAlone).toFixed(1)} a second alone, ${of((r) => r.bulk.addedPerSecond).toFixed(1)} while being asked`,
  ].join('\n');
}

const dataDir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-bench-'));
const trees = [ROOT, ...(args.tree === '' ? [] : [fromRoot(args.tree)])].map((tree) => path.resolve(tree));
const servers = [];
try {
  for (const tree of trees) {
    servers.push(await start(tree, dataDir));
  }
  const results = Object.fromEntries(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const server of servers) {
      results[server.name].push(await measure(server));
    }
  }
  if (args.json) {
    console.log(JSON.stringify({ machine: machine(), results }));
  } else {
    console.log(machine());
    for (const { name } of servers) {
      console.log(`\n${describe(name, results[name])}`);
    }
  }
} finally {
  for (const server of servers) {
    await server.stop();
  }
  await rm(dataDir, { recursive: true, force: true });
}
