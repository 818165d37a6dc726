/** `npm ci`, with the environment its native modules need, and a plain word about what went wrong. */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installStamp, installStampFile } from './state.mjs';

/** An expected failure: the message is all that the user needs. */
export class SetupError extends Error {}

/**
 * Environment of `npm ci`: what the user set wins.
 *
 * @param {NodeJS.ProcessEnv} env
 * @param {'avx2' | 'plain'} simd
 * @param {string | null} headers folder whose include/node fits the running Node
 * @returns {NodeJS.ProcessEnv}
 */
export function installEnv(env, simd, headers) {
  const merged = { ...env };
  // No CUDA files from the internet: onnxruntime-node's package already carries the CPU provider.
  if (!merged.ONNXRUNTIME_NODE_INSTALL) merged.ONNXRUNTIME_NODE_INSTALL = 'skip';
  // hnswlib's distance loops are worth 1.8 times the queries per second with AVX2.
  if (!merged.CXXFLAGS && process.platform !== 'win32')
    merged.CXXFLAGS = simd === 'avx2' ? '-O3 -mavx2 -mfma' : '-O3';
  // Headers that came with Node spare node-gyp a download from outside the registry.
  if (!merged.npm_config_nodedir && headers !== null) merged.npm_config_nodedir = headers;
  return merged;
}

/** Where the running Node keeps its C++ headers, or null; the version has to be the same. */
export function nodeHeaders() {
  const prefix = path.dirname(path.dirname(realpathSync(process.execPath)));
  const file = path.join(prefix, 'include', 'node', 'node_version.h');
  if (!existsSync(file)) return null;
  const text = readFileSync(file, 'utf8');
  const part = (name) => new RegExp(`#define NODE_${name}_VERSION (\\d+)`).exec(text)?.[1];
  const version = `${part('MAJOR')}.${part('MINOR')}.${part('PATCH')}`;
  return version === process.versions.node ? prefix : null;
}

/** npm as the caller runs it, else the one on the PATH. */
function npmCommand(args) {
  const cli = process.env.npm_execpath;
  if (cli && /npm-cli\.[cm]?js$/.test(cli))
    return { command: process.execPath, args: [cli, ...args], shell: false };
  return { command: 'npm', args, shell: process.platform === 'win32' };
}

/** Runs a program with its output on stderr; resolves to its exit code and the end of what it said. */
export function runVisibly(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        process.stderr.write(chunk);
        said = (said + chunk).slice(-20_000);
      });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, said }));
  });
}

/** What npm's output means for the user. */
export function explainInstallFailure(said) {
  if (
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|network/i.test(said) &&
    !/gyp ERR!/.test(said)
  )
    return 'The npm registry could not be reached. The first start needs it; later ones do not. Check the network or proxy (npm ping) and try again.';
  if (/EUSAGE/.test(said))
    return 'package-lock.json does not fit package.json. After changing dependencies, run npm install and commit both.';
  if (/EACCES|EPERM/.test(said))
    return 'npm may not write here. Check who owns this folder and its node_modules.';
  if (/ENOSPC/.test(said)) return 'The disk is full. The installation needs about 1 GB.';
  if (/gyp ERR!|not found: make|g\+\+|prebuild-install/.test(said))
    return 'A native module could not be compiled. Install a C++ compiler, make and Python 3 (Debian and Ubuntu: apt install build-essential python3; macOS: xcode-select --install) and try again.';
  return 'npm ci failed; its message is above.';
}

/** Whether the database module loads in the running Node; without it nothing works. */
export async function nativeModulesLoad(root) {
  const script = "new (require('better-sqlite3'))(':memory:').close()";
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['-e', script], { cwd: root, stdio: 'ignore' });
    child.on('error', () => resolve(false));
    child.on('close', (code) => resolve(code === 0));
  });
}

/** Installs exactly what the lock file says and stamps the result. */
export async function install(root, machine, say) {
  say('Installing dependencies: native modules are compiled, which takes a minute or two the first time ...');
  const { command, args, shell } = npmCommand(['ci', '--include=dev', '--no-audit', '--no-fund']);
  const { code, said } = await runVisibly(command, args, {
    cwd: root,
    shell,
    env: installEnv(process.env, machine.simd, nodeHeaders()),
  }).catch((error) => {
    throw new SetupError(`npm could not be started (${error.message}). It comes with Node.js.`);
  });
  if (code !== 0) throw new SetupError(explainInstallFailure(said));
  if (!(await nativeModulesLoad(root)))
    throw new SetupError(
      'better-sqlite3 was installed but does not load: were install scripts switched off (npm config get ignore-scripts)? Then: npm rebuild better-sqlite3 hnswlib-node',
    );
  stampInstall(root, machine);
  if (!existsSync(path.join(root, 'node_modules', 'hnswlib-node', 'build', 'Release', 'addon.node')))
    say(
      'Note: hnswlib-node could not be compiled (no C++ compiler?). pawdex works without it: searches are exact, and slower in large collections.',
    );
}

export function stampInstall(root, machine) {
  writeFileSync(installStampFile(root), `${JSON.stringify(installStamp(root, machine))}\n`);
}
