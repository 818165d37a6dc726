/**
 * Sends each hostile body to a server of its own process and says what it answered, how long its event loop stood
 * still meanwhile, and the memory it took.
 *
 *     node scripts/faults/json.mjs [--dist DIR]
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { hostileBodies } from './hostile-bodies.mjs';

const { values } = parseArgs({
  options: { dist: { type: 'string', default: 'dist' }, only: { type: 'string' } },
});

/** Asks for /healthz every few milliseconds on a thread of its own and keeps the longest wait. */
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

async function startServer() {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-hostile-'));
  const child = spawn(process.execPath, [path.join(values.dist, 'cli/main.js'), 'serve', '--port', '0'], {
    env: { ...process.env, PAWDEX_DATA_DIR: dataDir, PAWDEX_LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = new Promise((resolve) => child.once('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk) => {
      text += chunk;
      const found = /"url":"(http:[^"]+)"/.exec(text);
      if (found) resolve(found[1]);
    });
    child.once('exit', () => reject(new Error('The server did not start.')));
  });
  const probe = new Worker(PROBE, { eval: true, workerData: url });
  const stop = async () => {
    await probe.terminate();
    child.kill('SIGKILL');
    await exited;
    await rm(dataDir, { recursive: true, force: true });
  };
  return { child, url, probe, stop };
}

/** Sends a body; the answer's status and code, and the milliseconds from the first byte to it. */
function send(url, { method, path: where, type, body }) {
  return new Promise((resolve) => {
    const bytes = Buffer.from(body);
    const started = performance.now();
    const outcome = (status, code) => resolve({ status, code, ms: performance.now() - started });
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
      response.on('end', () => outcome(response.statusCode, /"code":"(\w+)"/.exec(text)?.[1]));
    });
    sending.setTimeout(120_000, () => sending.destroy());
    sending.end(bytes);
  });
}

const residentMiB = async (pid) =>
  Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8').catch(() => ''))?.[1] ?? 0) /
  1024;

const longestWait = (probe) =>
  new Promise((resolve) => {
    probe.once('message', resolve);
    probe.postMessage('ask');
  });

let server = await startServer();
console.log('| body | status | code | answered after | event loop blocked | peak memory |');
console.log('|---|---|---|---|---|---|');
for (const [name, shape] of hostileBodies()) {
  if (values.only !== undefined && !name.includes(values.only)) continue;
  server.probe.postMessage('reset');
  const { status, code, ms } = await send(server.url, shape);
  const blocked = await longestWait(server.probe);
  const memory = await residentMiB(server.child.pid);
  const died = server.child.exitCode !== null || server.child.signalCode !== null;
  console.log(
    `| ${name} | ${died ? 'server died' : status} | ${code ?? ''} | ${ms.toFixed(0)} ms | ${blocked.toFixed(0)} ms | ${memory.toFixed(0)} MiB |`,
  );
  if (died || blocked > 1000) {
    await server.stop();
    server = await startServer();
  }
}
await server.stop();
