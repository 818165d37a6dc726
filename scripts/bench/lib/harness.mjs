/** Helpers for the benchmarks: starting servers, medians. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../../lib/options.mjs';

/** Describes the machine, for the line above each table. */
export const machine = () =>
  `${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Returns the value that this share of the values is below; null without values. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

/** "median (min-max)" */
export const spread = (values, digits = 1) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)})`;

/** Finds a free TCP port on loopback. */
export async function findFreePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts a server and resolves when `url` answers 200. Rejects with its output if it exits before that. */
export async function startServer(command, args, env, url, timeoutMs = 60_000) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output = (output + chunk).slice(-4000);
    });
  }
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (child.exitCode !== null) {
      throw new Error(`${command} ended with ${child.exitCode}:\n${output}`);
    }
    if (performance.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`${url} did not answer in ${timeoutMs} ms:\n${output}`);
    }
    const answer = await fetch(url).catch(() => null);
    await answer?.arrayBuffer();
    if (answer?.status === 200) {
      break;
    }
    await sleep(50);
  }
  return {
    pid: child.pid,
    async stop() {
      if (child.exitCode !== null) {
        return;
      }
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** Starts pawdex on a free port, from this checkout or another built one. */
export async function startPawdex(dataDir, tree = ROOT) {
  const port = await findFreePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { PAWDEX_PORT: String(port), PAWDEX_DATA_DIR: dataDir, PAWDEX_LOG_LEVEL: 'fatal' };
  const main = path.join(tree, 'dist/cli/main.js');
  return { url, ...(await startServer('node', [main, 'serve'], env, `${url}/readyz`)) };
}

/** Sends photos of a folder to a server for a number of seconds, over a number of connections. */
export async function loadServer(url, photos, connections, seconds) {
  const client = path.join(ROOT, 'scripts/bench/lib/closed-loop.mjs');
  return JSON.parse(await runCommand('node', [client, url, photos, String(connections), String(seconds)]));
}

/** Runs a command and returns its output; throws if it fails. */
export async function runCommand(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: ROOT,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  const [code] = await once(child, 'exit');
  if (code !== 0) {
    throw new Error(`${command} ${args.join(' ')} ended with ${code}`);
  }
  return stdout;
}
