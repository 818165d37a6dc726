/**
 * Compares pawdex with a typical tutorial server, or with another checkout of pawdex, under the same load in the same run.
 *
 * Both run at once and are loaded alternately, so that changes in the machine's speed affect both. The naive server uses
 * the float weights and an index of the same photos. pawdex runs as with `npm start`.
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fromRoot, parseOptions, ROOT } from '../lib/options.mjs';
import {
  findFreePort,
  loadServer,
  machine,
  median,
  spread,
  startPawdex,
  startServer,
} from './lib/harness.mjs';
import { loadNaiveVectors } from './lib/naive-vectors.mjs';
import { listPhotos } from './lib/photos.mjs';

const { values: args } = parseOptions(
  `npm run bench:serve -- [options]

  --shared DIR        folder with the tutorial server, peers/naive-server.mjs, and the labelled set petset/ whose
                      photos it searches (default ../shared)
  --photos DIR        JPEG photos to send (default petset/images of that folder)
  --connections LIST  (default 1,8,32)
  --seconds N         of each measurement (default 10)
  --rounds N          measurements of each server at each connection count (default 3)
  --tree DIR          compare with this built checkout of pawdex instead of the tutorial server
  --sure              only photos that are answered at first look: those looked at again take longer
  --soak MINUTES      instead: load pawdex alone at 32 connections and watch its resident memory
  --json              print one JSON object`,
  {
    shared: '../shared',
    photos: '',
    connections: '1,8,32',
    seconds: '10',
    rounds: '3',
    tree: '',
    sure: false,
    soak: '0',
    json: false,
  },
);

const shared = fromRoot(args.shared);
const photos = args.photos === '' ? path.join(shared, 'petset/images') : fromRoot(args.photos);
const cache = path.join(ROOT, 'node_modules/.cache/pawdex-bench');
const log = (line) => {
  if (!args.json) {
    console.log(line);
  }
};

/** CPU time that a process has used, in milliseconds; NaN where there is no /proc. */
async function readCpuMs(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const [user, system] = (stat.split(') ')[1] ?? '').split(' ').slice(11);
  return (Number(user) + Number(system)) * 10;
}

/** Loads a server, and measures its CPU time per answer, which depends less on what else the machine does. */
async function load({ url, pid }, connections, seconds, from = photos) {
  const before = await readCpuMs(pid);
  const result = await loadServer(url, from, connections, seconds);
  const answers = Math.max(1, result.perSecond * seconds);
  return { ...result, cpuMs: ((await readCpuMs(pid)) - before) / answers };
}

/** Whether the answer is about the middle of the photo, and certain enough that no other part was looked at. */
const isFirstLook = ({ known, region: { left, top, width, height } }) =>
  known >= 0.5 && Math.abs(2 * left + width - 1) + Math.abs(2 * top + height - 1) < 1e-3;

/** Links the photos that are answered at first look into a folder. */
async function linkSurePhotos({ url }, folder) {
  const names = listPhotos(photos);
  await mkdir(folder);
  let linked = 0;
  for (const name of names) {
    const form = new FormData();
    form.set('image', new Blob([await readFile(path.join(photos, name))]), 'photo.jpg');
    const answer = await fetch(`${url}/v1/identify`, { method: 'POST', body: form });
    if (isFirstLook(await answer.json())) {
      await symlink(path.join(photos, name), path.join(folder, `${linked++}-${path.basename(name)}`));
    }
  }
  log(`${linked} of ${names.length} photos are answered at first look`);
  return folder;
}

const NAIVE_SERVER = path.join(shared, 'peers/naive-server.mjs');

async function startNaive() {
  await mkdir(cache, { recursive: true });
  // Next to node_modules, so that both servers use the same express, multer, sharp and ONNX Runtime.
  const script = path.join(cache, 'naive-server.mjs');
  await copyFile(NAIVE_SERVER, script);
  const model = path.join(ROOT, 'models/backbone.onnx');
  const vectors = await loadNaiveVectors({
    set: path.join(shared, 'petset'),
    split: 'train',
    model,
    cache,
    log,
  });
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const env = {
    MODEL: model,
    VECTORS: vectors.vectors,
    LABELS: vectors.labels,
    DIM: String(vectors.dimension),
    PORT: String(port),
  };
  const server = await startServer('node', [script], env, `${url}/event-loop`, 120_000);
  return { ...server, url };
}

async function residentMiB(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

async function soak(minutes, dataDir) {
  const pawdex = await startPawdex(dataDir);
  const samples = [];
  const started = performance.now();
  const timer = setInterval(async () => {
    samples.push({ minute: (performance.now() - started) / 60_000, mib: await residentMiB(pawdex.pid) });
  }, 1000);
  try {
    const result = await load(pawdex, 32, minutes * 60);
    clearInterval(timer);
    const byMinute = [];
    for (let m = 0; m < minutes; m++) {
      const inMinute = samples.filter((s) => s.minute >= m && s.minute < m + 1).map((s) => s.mib);
      if (inMinute.length > 0) {
        byMinute.push({ minute: m + 1, medianMiB: median(inMinute) });
      }
    }
    return { machine: machine(), ...result, byMinute };
  } finally {
    clearInterval(timer);
    await pawdex.stop();
  }
}

function describeRuns(name, runs) {
  const of = (key) =>
    spread(
      runs.map((run) => run[key]),
      key === 'cpuMs' ? 2 : 1,
    );
  const failed = runs.reduce((sum, { bad }) => sum + bad, 0);
  return `  ${name.padEnd(7)} ${of('perSecond')} a second, p50 ${of('p50')} ms, p99 ${of('p99')} ms, CPU ${of('cpuMs')} ms, healthz p99 ${of('probeP99')} ms, failed ${failed}`;
}

async function compare(dataDir) {
  const started = [];
  try {
    const pawdex = { name: 'pawdex', ...(await startPawdex(path.join(dataDir, 'data'))) };
    started.push(pawdex);
    const peer =
      args.tree === ''
        ? { name: 'naive', ...(await startNaive()) }
        : { name: 'other', ...(await startPawdex(path.join(dataDir, 'other'), fromRoot(args.tree))) };
    started.push(peer);
    return { machine: machine(), rows: await measureBoth(peer, pawdex, dataDir) };
  } finally {
    await Promise.all(started.map((server) => server.stop()));
  }
}

async function measureBoth(peer, pawdex, dataDir) {
  const from = args.sure ? await linkSurePhotos(pawdex, path.join(dataDir, 'photos')) : photos;
  const rows = [];
  for (const server of [peer, pawdex]) {
    await load(server, 8, 3, from);
  }
  for (const connections of args.connections.split(',').map(Number)) {
    const runs = { [peer.name]: [], pawdex: [] };
    for (let round = 0; round < Number(args.rounds); round++) {
      for (const server of [peer, pawdex]) {
        runs[server.name].push(await load(server, connections, args.seconds, from));
      }
    }
    rows.push({ connections, ...runs });
    const ratio = (key) =>
      median(runs.pawdex.map((run, round) => run[key] / runs[peer.name][round][key])).toFixed(2);
    log(`\n${connections} connections`);
    for (const [name, of] of Object.entries(runs)) {
      log(describeRuns(name, of));
    }
    log(
      `  ratio   throughput ${ratio('perSecond')}, p50 ${ratio('p50')}, p99 ${ratio('p99')}, CPU ${ratio('cpuMs')}`,
    );
  }
  return rows;
}

listPhotos(photos); // exits if there are none
const missing = [NAIVE_SERVER, path.join(shared, 'petset')].find((file) => !existsSync(file));
if (args.tree === '' && args.soak === '0' && missing !== undefined) {
  console.error(
    `The tutorial server and its photos are not in this repository, and ${missing} does not exist: name their folder with --shared DIR, or compare with another checkout of pawdex with --tree DIR.`,
  );
  process.exit(2);
}
const dataDir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-bench-'));
try {
  log(machine());
  const minutes = Number(args.soak);
  const result = minutes > 0 ? await soak(minutes, dataDir) : await compare(dataDir);
  if (args.json) {
    console.log(JSON.stringify(result));
  } else if (minutes > 0) {
    console.log(JSON.stringify(result, null, 1));
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
