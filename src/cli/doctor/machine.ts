/** Checks of the machine: Node, native modules, disk, port. */
import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import type { Config } from '../../config.js';
import { asPawdexError } from '../../errors.js';
import { loadFailureError, loadNativeModule, SQLITE_MODULE } from '../../native-modules.js';
import { runningServer } from '../server-file.js';
import { type Check, failed, ok, warning } from './check.js';

/** Node's version; older ones lack what pawdex uses. */
export function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const detail = `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
  return major > 20 || (major === 20 && minor >= 19)
    ? ok('node', detail)
    : failed('node', detail, 'Install Node.js 20.19 or newer.');
}

/** Whether the compiled modules load in this Node. ONNX Runtime is left to the model's check: it must stay in one thread. */
export function checkNativeModules(): Check[] {
  return [SQLITE_MODULE, 'sharp', 'hnswlib-node'].map((name) => {
    try {
      loadNativeModule(name);
      return ok(name, 'loads');
    } catch (error) {
      const { message, hint } = loadFailureError(error) ?? asPawdexError(error);
      return name === 'hnswlib-node'
        ? warning(name, `${message} Searches are exact.`, hint)
        : failed(name, message, hint);
    }
  });
}

/** Free space below which new photos may soon not fit, in bytes. */
const LITTLE_SPACE = 500 * 1024 ** 2;

/** Space left on the volume of the data directory. */
export async function checkDisk({ DATA_DIR }: Config): Promise<Check> {
  let folder = path.resolve(DATA_DIR);
  while (!existsSync(folder)) folder = path.dirname(folder);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free at ${folder}`;
  return free < LITTLE_SPACE
    ? warning('disk', detail, 'A photo takes about 10 kB; free some space before indexing many.')
    : ok('disk', detail);
}

/** Whether the server could listen, or does. */
export async function checkPort({ HOST, PORT, DATA_DIR }: Config): Promise<Check> {
  const running = await runningServer(DATA_DIR);
  if (running !== null) return ok('port', `a server runs at ${running.url} (process ${running.pid})`);
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(PORT, HOST, () => probe.close(() => resolve(null)));
  });
  if (error === null) return ok('port', `${HOST}:${PORT} is free`);
  const detail = `${HOST}:${PORT} cannot be had: ${error.code ?? error.message}`;
  return warning('port', detail, 'Name another with --port or PAWDEX_PORT.');
}
