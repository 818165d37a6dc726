import { statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { Config } from '../../config.js';
import { asPawdexError } from '../../errors.js';
import { loadFailureError, loadNativeModule, SQLITE_MODULE } from '../../native-modules.js';
import { findRunningServer } from '../server-file.js';
import { type Check, findExistingFolder, reportFailure, reportOk, reportWarning } from './check-result.js';

export function checkNode(): Check {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const detail = `Node.js ${process.versions.node}, ${process.platform} ${process.arch}`;
  return major > 20 || (major === 20 && minor >= 19)
    ? reportOk('node', detail)
    : reportFailure('node', detail, 'Install Node.js 20.19 or newer.');
}

/**
 * Checks that the native modules load. ONNX Runtime must be loaded in one thread only, so the check of the model covers it.
 */
export function checkNativeModules(): Check[] {
  return [SQLITE_MODULE, 'sharp', 'hnswlib-node'].map((name) => {
    try {
      loadNativeModule(name);
      return reportOk(name, 'loads');
    } catch (error) {
      const { message, hint } = loadFailureError(error) ?? asPawdexError(error);
      return name === 'hnswlib-node'
        ? reportWarning(name, `${message} Searches are exact.`, hint)
        : reportFailure(name, message, hint);
    }
  });
}

/** Warns below this much free space, in bytes. */
const LOW_SPACE = 500 * 1024 ** 2;

/** Checks the free space on the volume of the data directory. */
export async function checkDisk({ DATA_DIR }: Config): Promise<Check> {
  const folder = findExistingFolder(DATA_DIR);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const detail = `${(free / 1024 ** 3).toFixed(1)} GiB free at ${folder}`;
  return free < LOW_SPACE
    ? reportWarning('disk', detail, 'A photo takes about 10 kB: free some space before you index many.')
    : reportOk('disk', detail);
}

/** Checks that the server can listen on its port, or already does. */
export async function checkPort({ HOST, PORT, DATA_DIR }: Config): Promise<Check> {
  const running = await findRunningServer(DATA_DIR);
  if (running !== null) {
    return reportOk('port', `a server is running at ${running.url} (process ${running.pid})`);
  }
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen(PORT, HOST, () => probe.close(() => resolve(null)));
  });
  if (error === null) {
    return reportOk('port', `${HOST}:${PORT} is free`);
  }
  const detail = `${HOST}:${PORT} is not available: ${error.code ?? error.message}`;
  return reportWarning('port', detail, 'Choose another port with --port or PAWDEX_PORT.');
}
