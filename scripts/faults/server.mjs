/**
 * Starts a real server on a free loopback port for the fault runs, and watches its memory, its probes and whether it is
 * alive.
 */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';

/** How `npm start` and the image let glibc return memory to the system. */
const ALLOCATION = { MALLOC_MMAP_THRESHOLD_: '1048576', MALLOC_TRIM_THRESHOLD_: '1048576' };

/** Polls /healthz every few milliseconds from its own thread and records the longest wait. */
const PROBE = `
const { parentPort, workerData } = require('node:worker_threads');
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let longest = 0;
let pending = null;
parentPort.on('message', (message) => {
  if (message === 'reset') longest = 0;
  else parentPort.postMessage(Math.max(longest, pending === null ? 0 : performance.now() - pending));
});
const ask = () => {
  pending = performance.now();
  const done = () => {
    longest = Math.max(longest, performance.now() - pending);
    pending = null;
    setTimeout(ask, 3);
  };
  http.get(workerData + '/healthz', { agent }, (res) => res.resume().on('end', done)).on('error', done);
};
ask();
`;

/** Reads a field of a file in /proc, in MiB. Returns 0 once the process has ended. Linux only. */
function readMiB(pid, file, key) {
  try {
    return (
      Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1] ?? 0) /
      1024
    );
  } catch {
    return 0;
  }
}

function listChildren(pid) {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) =>
      readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
    );
  } catch {
    return [];
  }
}

/**
 * Starts `pawdex serve` of a build, and a thread that probes it.
 *
 * @param {{ dist?: string, env?: Record<string, string>, keptDir?: string }} options `keptDir`: an existing data directory
 *   to use
 */
export async function startServer({ dist = 'dist', env = {}, keptDir } = {}) {
  const dataDir = keptDir ?? (await mkdtemp(path.join(os.tmpdir(), 'pawdex-hostile-')));
  const child = spawn(process.execPath, [path.join(dist, 'cli/main.js'), 'serve', '--port', '0'], {
    env: { ...process.env, ...ALLOCATION, PAWDEX_DATA_DIR: dataDir, PAWDEX_LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /"url":"(http:[^"]+)"/.exec(text);
      if (found) {
        resolve(found[1]);
      }
    });
    child.once('exit', () => reject(new Error('The server did not start.')));
  });
  const probe = new Worker(PROBE, { eval: true, workerData: url });
  let treePeak = 0;
  const watch = setInterval(() => {
    const pids = [child.pid, ...listChildren(child.pid)];
    treePeak = Math.max(
      treePeak,
      // Pss counts a page that processes share, such as Node's own code, once for all of them.
      pids.reduce((sum, pid) => sum + readMiB(pid, 'smaps_rollup', 'Pss'), 0),
    );
  }, 50);
  return {
    child,
    url,
    hasDied: () => child.exitCode !== null || child.signalCode !== null,
    /** Largest resident memory so far, in MiB, of the server alone. */
    peakMiB: () => readMiB(child.pid, 'status', 'VmHWM'),
    /** Largest memory of the server and its child processes together since the last call, in MiB, sampled every 50 ms. */
    takeTreePeakMiB() {
      const peak = treePeak;
      treePeak = 0;
      return peak;
    },
    resetProbe: () => probe.postMessage('reset'),
    /** Longest wait for /healthz since the last reset, in milliseconds. */
    longestWait: () =>
      new Promise((resolve) => {
        probe.once('message', resolve);
        probe.postMessage('ask');
      }),
    /** Starts another server on the data directory of a killed one. */
    async restart() {
      clearInterval(watch);
      await probe.terminate();
      await exited;
      return startServer({ dist, env, keptDir: dataDir });
    },
    async stop() {
      clearInterval(watch);
      await probe.terminate();
      child.kill('SIGKILL');
      await exited;
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * Sends a request.
 *
 * @returns status (0: no answer), code and text of the answer, and the milliseconds since the first byte was sent
 */
export function send(url, { method = 'POST', path: where, type, body }) {
  return new Promise((resolve) => {
    const bytes = Buffer.from(body);
    const started = performance.now();
    const outcome = (status, code, text = '') =>
      resolve({ status, code, text, ms: performance.now() - started });
    const sending = request(url + where, {
      method,
      headers: { 'content-type': type, 'content-length': bytes.length },
      agent: false,
    });
    sending.on('error', (error) => outcome(0, error.code));
    sending.on('response', (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => outcome(response.statusCode, /"code":"(\w+)"/.exec(text)?.[1], text));
    });
    sending.setTimeout(600_000, () => sending.destroy());
    sending.end(bytes);
  });
}

const BOUNDARY = 'pawdex-faults';

/** Builds a multipart request with one image. */
export const imageRequest = (where, bytes) => ({
  path: where,
  type: `multipart/form-data; boundary=${BOUNDARY}`,
  body: Buffer.concat([
    Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="photo"\r\n\r\n`),
    bytes,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]),
});
