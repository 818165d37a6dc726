/**
 * Compares pawdex with a typical tutorial server under the same load in the same run.
 *
 * Both run at once and are loaded alternately, so that changes in the machine's speed affect both. The naive server uses
 * the float weights and an index of the same photos. pawdex runs as with `npm start`.
 */
import { copyFile, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import {
  freePort,
  fromRoot,
  loadServer,
  machine,
  median,
  options,
  ROOT,
  spread,
  startPawdex,
  startServer,
} from './lib/harness.mjs';
import { naiveVectors } from './lib/naive-vectors.mjs';

const args = options(
  `npm run bench:serve -- [options]

  --shared DIR        folder with peers/naive-server.mjs, peers/load.mjs and petset/ (default ../shared)
  --connections LIST  (default 1,8,32)
  --seconds N         of each measurement (default 10)
  --rounds N          measurements of each server at each connection count (default 3)
  --soak MINUTES      instead: load pawdex alone at 32 connections and watch its resident memory
  --json              print one JSON object`,
  { shared: '../shared', connections: '1,8,32', seconds: '10', rounds: '3', soak: '0' },
);

const shared = fromRoot(args.shared);
const cache = path.join(ROOT, 'node_modules/.cache/pawdex-bench');
const log = (line) => {
  if (!args.json) {
    console.log(line);
  }
};

const load = (url, connections, seconds) => loadServer(shared, url, connections, seconds);

async function startNaive() {
  await mkdir(cache, { recursive: true });
  // Next to node_modules, so that both servers use the same express, multer, sharp and ONNX Runtime.
  const script = path.join(cache, 'naive-server.mjs');
  await copyFile(path.join(shared, 'peers/naive-server.mjs'), script);
  const model = path.join(ROOT, 'models/backbone.onnx');
  const vectors = await naiveVectors({ set: path.join(shared, 'petset'), split: 'train', model, cache, log });
  const port = await freePort();
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
    const result = await load(pawdex.url, 32, minutes * 60);
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

async function compare(dataDir) {
  const naive = await startNaive();
  const pawdex = await startPawdex(dataDir);
  const rows = [];
  try {
    for (const server of [naive, pawdex]) {
      await load(server.url, 8, 3);
    }
    for (const connections of args.connections.split(',').map(Number)) {
      const runs = { naive: [], pawdex: [] };
      for (let round = 0; round < Number(args.rounds); round++) {
        runs.naive.push(await load(naive.url, connections, args.seconds));
        runs.pawdex.push(await load(pawdex.url, connections, args.seconds));
      }
      rows.push({ connections, ...runs });
      const of = (name, key) => runs[name].map((run) => run[key]);
      const ratio = (key) => median(of('pawdex', key)) / median(of('naive', key));
      log(`\n${connections} connections`);
      for (const name of ['naive', 'pawdex']) {
        log(
          `  ${name.padEnd(7)} ${spread(of(name, 'perSecond'))} a second, p50 ${spread(of(name, 'p50'))} ms, p99 ${spread(of(name, 'p99'))} ms, healthz p99 ${spread(of(name, 'probeP99'))} ms, failed ${of(name, 'bad').reduce((a, b) => a + b, 0)}`,
        );
      }
      log(`  ratio   throughput ${ratio('perSecond').toFixed(2)}, p50 ${ratio('p50').toFixed(2)}`);
    }
  } finally {
    await naive.stop();
    await pawdex.stop();
  }
  return { machine: machine(), rows };
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
