/**
 * Decides what set-up has to do: whether the installation matches the lock file, was compiled for this Node and machine,
 * and whether the build matches the sources. Pure functions of files, so that tests can check them.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** Oldest Node that runs pawdex: [major, minor]. */
const OLDEST_NODE = [20, 19];

/** @param {string} version e.g. "20.19.0" */
export function isNodeTooOld(version) {
  const [major, minor] = version.split('.').map(Number);
  return major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1]);
}

/** @returns {unknown} the file's JSON, or null when it is missing or damaged */
function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function hashFile(file) {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

/**
 * Vector instructions hnswlib is compiled for. A build for AVX2 must not run on a machine without it.
 *
 * @param {string} cpuinfo text of /proc/cpuinfo, empty where there is none
 * @returns {'avx2' | 'plain'}
 */
export function findSimd(cpuinfo) {
  const flags = /^flags\s*:(.*)$/m.exec(cpuinfo)?.[1]?.split(/\s+/) ?? [];
  return flags.includes('avx2') && flags.includes('fma') ? 'avx2' : 'plain';
}

/**
 * Describes what compiled modules depend on. With Node-API 10 or later, all of them run on any later Node. With an older
 * one, SQLite's is compiled for a single version.
 *
 * @returns {{abi: string, platform: string, arch: string, simd: 'avx2' | 'plain'}}
 */
export function describeMachine() {
  const cpuinfo = existsSync('/proc/cpuinfo') ? readFileSync('/proc/cpuinfo', 'utf8') : '';
  return {
    abi: Number(process.versions.napi) >= 10 ? 'node-api' : process.versions.modules,
    platform: process.platform,
    arch: process.arch,
    simd: findSimd(cpuinfo),
  };
}

export const installStampFile = (root) => path.join(root, 'node_modules', '.pawdex-install.json');
export const buildStampFile = (root) => path.join(root, 'dist', '.pawdex-build.json');

/** The stamp of a complete installation. */
export function computeInstallStamp(root, machine) {
  return { lock: hashFile(path.join(root, 'package-lock.json')), ...machine };
}

/**
 * @param {string} root the checkout
 * @param {ReturnType<typeof describeMachine>} machine
 * @returns {'fresh' | 'unstamped' | 'stale'} `unstamped`: npm installed the right packages, but it was not checked whether
 *   the compiled ones load
 */
export function checkInstall(root, machine) {
  const stamp = readJson(installStampFile(root));
  const wanted = computeInstallStamp(root, machine);
  const lockMatches = stamp?.lock === wanted.lock || packagesMatch(root);
  if (!lockMatches) {
    return 'stale';
  }
  if (stamp === null) {
    return 'unstamped';
  }
  const samePlatform = ['platform', 'arch'].every((key) => stamp[key] === wanted[key]);
  // An installation for an older Node has Node-API modules too.
  const sameRuntime = samePlatform && (wanted.abi === 'node-api' || stamp.abi === wanted.abi);
  // A plain build runs anywhere; one for AVX2 does not.
  const runs = stamp.simd === 'plain' || stamp.simd === wanted.simd;
  if (!sameRuntime || !runs) {
    return 'stale';
  }
  return stamp.lock === wanted.lock ? 'fresh' : 'unstamped';
}

/** Whether npm's record of node_modules matches the lock file. Optional packages may be absent. */
function packagesMatch(root) {
  const wanted = readJson(path.join(root, 'package-lock.json'))?.packages ?? {};
  const present = readJson(path.join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (present === undefined || present === null) {
    return false;
  }
  return Object.entries(wanted).every(([place, entry]) => {
    if (place === '' || entry.optional || entry.devOptional) {
      return true;
    }
    const have = present[place];
    return have !== undefined && have.version === entry.version && have.integrity === entry.integrity;
  });
}

/** Lists the build's input files, relative to the root, sorted. */
function buildInputs(root) {
  const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  const steps = readdirSync(path.join(root, 'scripts'))
    .filter((name) => /^build-.*\.mjs$/.test(name))
    .map((name) => path.join('scripts', name));
  return [...sources, ...steps, 'tsconfig.json', 'package-lock.json'].sort();
}

/** @returns {{sources: string}} digest of the names and contents of all input files */
export function computeBuildStamp(root) {
  const digest = createHash('sha256');
  for (const file of buildInputs(root)) {
    digest.update(`${file}\0${hashFile(path.join(root, file))}\n`);
  }
  return { sources: digest.digest('hex') };
}

/** @returns {boolean} whether dist/ was built from the sources as they are now */
export function isBuildFresh(root) {
  if (!existsSync(path.join(root, 'dist', 'cli', 'main.js'))) {
    return false;
  }
  return readJson(buildStampFile(root))?.sources === computeBuildStamp(root).sources;
}
