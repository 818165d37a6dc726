/** Installs what the lock file names, compiles the native modules for this Node, and explains failures. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { computeInstallStamp, installStampFile } from './state.mjs';

/** An expected failure: the message is all that the user needs. */
export class SetupError extends Error {}

/**
 * Builds npm's environment. The user's settings win, except headers of another Node: modules compiled with those do not
 * load.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {'avx2' | 'plain'} simd
 * @param {string | null} headers folder whose include/node fits the running Node, or null if there is none
 * @returns {NodeJS.ProcessEnv}
 */
export function makeInstallEnv(env, simd, headers) {
  const merged = { ...env };
  // Build steps start `node` by name, and must find the one that will load the result.
  merged.PATH = [path.dirname(process.execPath), env.PATH].filter(Boolean).join(path.delimiter);
  // Do not download CUDA files: onnxruntime-node's package contains the CPU provider.
  if (!merged.ONNXRUNTIME_NODE_INSTALL) {
    merged.ONNXRUNTIME_NODE_INSTALL = 'skip';
  }
  // With AVX2, hnswlib answers 1.8 times as many queries per second.
  if (!merged.CXXFLAGS && process.platform !== 'win32') {
    merged.CXXFLAGS = simd === 'avx2' ? '-O3 -mavx2 -mfma' : '-O3';
  }
  const key = Object.keys(env).find((name) => name.toLowerCase() === 'npm_config_nodedir');
  const given = key === undefined ? '' : env[key];
  if (key !== undefined) {
    delete merged[key];
  }
  // Headers that came with this Node save node-gyp a download. The empty string overrides a `nodedir` in an npmrc, which
  // npm would prefer even if it belongs to another Node.
  merged.npm_config_nodedir = given && hasMatchingHeaders(given) ? given : (headers ?? '');
  return merged;
}

/** Whether a folder holds the C++ headers of exactly the running Node. */
export function hasMatchingHeaders(folder) {
  const file = path.join(folder, 'include', 'node', 'node_version.h');
  if (!existsSync(file)) {
    return false;
  }
  const text = readFileSync(file, 'utf8');
  const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  return `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}` === process.versions.node;
}

/** Finds the folder of the running Node if its headers came with it, else returns null. */
export function findNodeHeaders() {
  const prefix = path.dirname(path.dirname(realpathSync(process.execPath)));
  return hasMatchingHeaders(prefix) ? prefix : null;
}

/** Finds the npm that started this process, or else the one on the PATH. Runs it with this Node if it is a script. */
function findNpm() {
  const onPath = (process.env.PATH ?? '')
    .split(path.delimiter)
    .map((folder) => path.join(folder, 'npm'))
    .find((file) => existsSync(file));
  const candidates = [process.env.npm_execpath, onPath && realpathSync(onPath)];
  return candidates.find((file) => file && /npm-cli\.[cm]?js$/.test(file));
}

/** Runs npm with its output on stderr. Resolves to its exit code and the end of its output. */
async function runNpm(root, args, { simd }) {
  const env = makeInstallEnv(process.env, simd, findNodeHeaders());
  const script = findNpm();
  const command = script === undefined ? 'npm' : process.execPath;
  const all = script === undefined ? args : [script, ...args];
  const shell = script === undefined && process.platform === 'win32';
  return runVisibly(command, all, { cwd: root, shell, env }).catch((error) => {
    throw new SetupError(`npm could not be started (${error.message}). It comes with Node.js.`);
  });
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Ends this process by a signal only after its child. Else npm would go on in a folder that the next set-up works in. The
 * child gets SIGTERM, since a shell lets programs in the background ignore SIGINT.
 */
function stopTogether(child) {
  const stop = (signal) => {
    child.kill('SIGTERM');
    child.once('close', () => process.kill(process.pid, signal));
  };
  for (const signal of STOP_SIGNALS) {
    process.once(signal, stop);
  }
  child.once('close', () => {
    for (const signal of STOP_SIGNALS) {
      process.removeListener(signal, stop);
    }
  });
}

/** Runs a program with its output on stderr. Resolves to its exit code and the end of its output. */
export function runVisibly(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    stopTogether(child);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        process.stderr.write(chunk);
        said = (said + chunk).slice(-50_000);
      });
    }
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, said }));
  });
}

const UNREACHABLE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/i;

/** Explains the output of a failed `npm ci`. */
export function explainInstallFailure(said) {
  if (UNREACHABLE.test(said)) {
    return 'The npm registry could not be reached. The first start needs it; later ones do not. Check the network or proxy (npm ping) and try again.';
  }
  if (/EUSAGE/.test(said)) {
    return 'package-lock.json does not match package.json. After changing dependencies, run npm install and commit both.';
  }
  if (/EACCES|EPERM/.test(said)) {
    return 'npm has no permission to write here. Check who owns this folder and its node_modules.';
  }
  if (/ENOSPC/.test(said)) {
    return 'The disk is full. The installation needs about 1 GB.';
  }
  return 'npm ci failed; its message is above.';
}

/** Explains from the output of `npm rebuild` why a native module could not be compiled. */
export function explainCompileFailure(said) {
  if (/ENOSPC|No space left/.test(said)) {
    return 'the disk is full.';
  }
  if (/find Python|Python is not set|EPYTHON/i.test(said)) {
    return 'Python 3 is missing (Debian and Ubuntu: apt install python3).';
  }
  if (
    /not found: make|g\+\+: (?:command )?not found|c\+\+: (?:command )?not found|find any Visual Studio/i.test(
      said,
    )
  ) {
    return 'there is no C++ compiler or no make. Install them (Debian and Ubuntu: apt install build-essential; macOS: xcode-select --install).';
  }
  // node-gyp downloads headers only if the running Node came without them.
  if (/gyp/.test(said) && (UNREACHABLE.test(said) || /node_api\.h|node\.h: No such file/.test(said))) {
    return `the C++ headers of Node.js ${process.versions.node} are missing and could not be downloaded. Install them (the archives from nodejs.org contain them) and name their folder: npm_config_nodedir=FOLDER npm start.`;
  }
  return 'the compiler failed; its message is above.';
}

/** Installs exactly what the lock file says, without running any package's scripts. */
export async function installPackages(root, machine, say) {
  say('Installing dependencies ...');
  const args = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { code, said } = await runNpm(root, args, machine);
  if (code !== 0) {
    throw new SetupError(explainInstallFailure(said));
  }
}

/**
 * Compiles the modules that come without a binary for this Node. They are named here rather than left to `npm ci`, so that
 * no other script runs, `ignore-scripts` skips none, and nothing is compiled for another Node.
 *
 * @returns {Promise<string>} the output, for {@link explainCompileFailure}; loading the modules shows whether it worked
 */
export async function compileModules(root, machine, say) {
  const modules = machine.abi === 'node-api' ? ['hnswlib-node'] : ['better-sqlite3-12', 'hnswlib-node'];
  say(`Compiling ${modules.join(' and ')}, which takes a minute or two ...`);
  const { said } = await runNpm(root, ['rebuild', ...modules, '--ignore-scripts=false'], machine);
  return said;
}

/** Run in a child process. Uses the built project, which can explain why a module does not load. */
const LOAD_MODULE = `
  const { loadNativeModule, loadFailureError } = await import(process.argv[1]);
  try {
    loadNativeModule(process.argv[2]);
  } catch (error) {
    const { message, hint } = loadFailureError(error) ?? { message: error.message, hint: '' };
    process.stdout.write(message + ' ' + hint);
    process.exitCode = 1;
  }`;

/** Loads a native module in its own process, since it may crash. @returns what is wrong, or null */
export function findLoadFailure(root, name) {
  const library = new URL(`file://${path.join(root, 'dist', 'native-modules.js')}`).href;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', LOAD_MODULE, library, name], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) {
        resolve(null);
      } else {
        resolve(
          said ||
            `The module ${name} ends Node.js ${process.versions.node} with ${signal ?? `exit code ${code}`}.`,
        );
      }
    });
  });
}

/** Records that the installation is complete and loads on this machine. */
export function stampInstall(root, machine) {
  const file = installStampFile(root);
  // Removed first, so that a copy of the checkout made with hard links does not change the original.
  rmSync(file, { force: true });
  writeFileSync(file, `${JSON.stringify(computeInstallStamp(root, machine))}\n`);
}
