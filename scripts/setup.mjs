/**
 * Installs dependencies and builds the sources of a checkout, and skips what is already done. Runs before `npm start`, `npm
 * test`, `npm run pawdex` and the benchmarks, in plain Node without any dependency. Everything is printed to stderr, so
 * that a command's own output stays clean.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './setup/build.mjs';
import {
  compileModules,
  explainCompileFailure,
  findLoadFailure,
  installPackages,
  SetupError,
  stampInstall,
} from './setup/install.mjs';
import { withLock } from './setup/lock.mjs';
import { checkInstall, describeMachine, isBuildFresh, isNodeTooOld } from './setup/state.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

const say = (message) => process.stderr.write(`pawdex set-up: ${message}\n`);

/** @throws SetupError with a message for the user */
async function ensureReady() {
  const version = process.versions.node;
  if (isNodeTooOld(version)) {
    throw new SetupError(`pawdex needs Node.js 20.19 or newer; this is ${version}. See nodejs.org/download.`);
  }
  const machine = describeMachine();
  if (checkInstall(ROOT, machine) === 'fresh' && isBuildFresh(ROOT)) {
    return;
  }
  const lock = path.join(ROOT, '.pawdex-setup.lock');
  await withLock(
    lock,
    () => bringUpToDate(machine),
    () => say('waiting for another set-up of this checkout ...'),
  );
}

async function bringUpToDate(machine) {
  const state = checkInstall(ROOT, machine);
  let compilation = null;
  if (state === 'stale') {
    await installPackages(ROOT, machine, say);
    compilation = await compileModules(ROOT, machine, say);
  }
  if (!isBuildFresh(ROOT)) {
    await build(ROOT, say);
  }
  if (state === 'fresh') {
    return;
  }
  // Packages that npm installed without us may not be compiled.
  if (compilation === null && (await findFailures()).length > 0) {
    compilation = await compileModules(ROOT, machine, say);
  }
  const failures = await findFailures();
  for (const { name, failure } of failures) {
    const why = compilation === null ? '' : ` What went wrong: ${explainCompileFailure(compilation)}`;
    if (name !== 'hnswlib-node') {
      throw new SetupError(`${failure}${why}`);
    }
    say(
      `Note: ${failure}${why} pawdex works without it: searches are exact, and slower in large collections.`,
    );
  }
  stampInstall(ROOT, machine);
}

/** Lists the native modules that do not load, required ones first. */
async function findFailures() {
  const { REQUIRED_MODULES } = await import('../dist/native-modules.js');
  const failures = [];
  for (const name of [...REQUIRED_MODULES, 'hnswlib-node']) {
    const failure = await findLoadFailure(ROOT, name);
    if (failure !== null) {
      failures.push({ name, failure });
    }
  }
  return failures;
}

/** Sets up the checkout, or exits with a message that says what to do. */
export async function setup() {
  try {
    await ensureReady();
  } catch (error) {
    say(error instanceof SetupError ? error.message : (error.stack ?? String(error)));
    process.exit(1);
  }
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await setup();
}
