/** Helpers for the benchmarks: options, starting servers, medians. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

/** Parses the command line as `parseArgs` does. `--help` prints the usage and exits; so does a mistake, with code 2. */
export function parseOptions(usage, config) {
  try {
    const parsed = parseArgs({ ...config, options: { help: { type: 'boolean' }, ...config.options } });
    if (parsed.values.help) {
      console.log(usage);
      process.exit(0);
    }
    return parsed;
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

/**
 * Parses the command line as its usage line says, such as `x.mjs SET... --out FILE [--cache DIR] [--vote LABEL]... [--json]`:
 * whatever is not in brackets is required, and `...` follows what may be repeated. A mistake prints it and exits.
 */
export function readOptions(usage, defaults = {}) {
  const options = {};
  const required = [];
  for (const [, start, name, value, more] of usage.matchAll(
    /([[|] ?)?--([a-z]+)(?: ([^\s\]]+))?\]?(\.{3})?/g,
  )) {
    options[name] =
      value === undefined
        ? { type: 'boolean' }
        : { type: 'string', multiple: more !== undefined, default: defaults[name] };
    if (start === undefined) {
      required.push(name);
    }
  }
  const { values, positionals } = parseOptions(usage, { options, allowPositionals: true });
  const named = /\.mjs ((?:(?!\[?--)\S+ ?)*)/
    .exec(usage)[1]
    .split(' ')
    .filter((word) => word !== '');
  const isCounted = named.at(-1)?.endsWith('...')
    ? positionals.length >= named.length
    : positionals.length === named.length;
  if (!isCounted || required.some((name) => values[name] === undefined)) {
    console.error(usage);
    process.exit(2);
  }
  return { values, positionals };
}

/** Parses options with default values: strings, or booleans. Adds `--json`. */
export function options(usage, spec) {
  const { values } = parseOptions(usage, {
    options: Object.fromEntries(
      Object.entries({ json: false, ...spec }).map(([name, value]) => [
        name,
        { type: typeof value === 'boolean' ? 'boolean' : 'string', default: value },
      ]),
    ),
  });
  return values;
}

/** Resolves a path relative to the checkout. */
export const fromRoot = (file) => path.resolve(ROOT, file);

/** Describes the machine, for the line above each table. */
export const machine = () =>
  `${os.cpus()[0].model}, ${os.availableParallelism()} cores, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}`;

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** "median (min-max)" */
export const spread = (values, digits = 1) =>
  `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)}-${Math.max(...values).toFixed(digits)})`;

/** Finds a free TCP port on loopback. */
export async function freePort() {
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
    await new Promise((resolve) => setTimeout(resolve, 50));
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
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { PAWDEX_PORT: String(port), PAWDEX_DATA_DIR: dataDir, PAWDEX_LOG_LEVEL: 'fatal' };
  const main = path.join(tree, 'dist/cli/main.js');
  return { url, ...(await startServer('node', [main, 'serve'], env, `${url}/readyz`)) };
}

/** Sends photos of a folder to a server for some seconds, with the load client in `shared`. */
export async function loadServer(
  shared,
  url,
  connections,
  seconds,
  photos = path.join(shared, 'petset/images'),
) {
  const client = path.join(shared, 'peers/load.mjs');
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
