/**
 * Runs a short set of tests on the other Node versions that pawdex supports: start, index, identify, kill, restart and clean
 * stop, the store's contract, and a training step. Together they load every native module. Each version gets its own copy of the checkout, so that
 * its installation does not disturb this one. The argument is a folder for the reports.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const MAJORS = [20, 24, 26];
const SHORT_FORM = [
  'test/smoke.test.ts',
  'test/native-modules.test.ts',
  'test/store/embedded.test.ts',
  'test/faults/worker-death.test.ts',
  'test/training/autodiff/step/step.test.ts',
];

/** The report of a run that could not be started. */
const SKIPPED = {
  numPassedTests: 0,
  numFailedTests: 0,
  numPendingTests: 1,
  numTodoTests: 0,
  testResults: [],
};

const root = fileURLToPath(new URL('..', import.meta.url));
const reports = process.argv[2];
const work = mkdtempSync(path.join(os.tmpdir(), 'pawdex-nodes-'));

const run = (command, args, options) =>
  spawnSync(command, args, { stdio: 'inherit', ...options }).status === 0;

/**
 * Installs a Node from the npm registry, with its headers. @returns the path of its binary, or null if it cannot be
 * installed
 */
function installNode(major) {
  const prefix = path.join(work, `node-${major}`);
  const name = `node-${process.platform}-${process.arch}`;
  const args = [
    'install',
    '--prefix',
    prefix,
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    `${name}@${major}`,
  ];
  return run('npm', args) ? path.join(prefix, 'node_modules', name, 'bin', 'node') : null;
}

/** Copies the checkout. Packages become hard links where the file system allows it, which takes a second. */
function copyCheckout(major) {
  const copy = path.join(work, `checkout-${major}`);
  const left = new Set(
    ['.git', 'data', 'node_modules', path.join('docs', 'node_modules')].map((name) => path.join(root, name)),
  );
  cpSync(root, copy, { recursive: true, preserveTimestamps: true, filter: (file) => !left.has(file) });
  const modules = path.join(root, 'node_modules');
  if (!run('cp', ['-al', modules, copy], { stdio: 'ignore' })) {
    rmSync(path.join(copy, 'node_modules'), { recursive: true, force: true });
    if (!run('cp', ['-a', modules, copy])) {
      throw new Error('The checkout could not be copied.');
    }
  }
  return copy;
}

function testOn(major) {
  console.log(`\n== short tests on Node ${major}`);
  const report = path.join(reports, `node-${major}.json`);
  const node = installNode(major);
  if (node === null) {
    console.log(`Skipped: Node ${major} could not be installed from the npm registry.`);
    writeFileSync(report, JSON.stringify(SKIPPED));
    return true;
  }
  // Counts as a failure unless the tests write their report over it.
  writeFileSync(report, '');
  const cwd = copyCheckout(major);
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}` };
  const vitest = path.join('node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return run(node, ['scripts/setup.mjs'], { cwd, env }) && run(node, [...args, ...SHORT_FORM], { cwd, env });
}

try {
  const missing = SHORT_FORM.filter((file) => !existsSync(path.join(root, file)));
  if (missing.length > 0) {
    throw new Error(`These tests do not exist: ${missing.join(', ')}`);
  }
  const others = MAJORS.filter((major) => major !== Number(process.versions.node.split('.')[0]));
  const passed = others.map(testOn);
  process.exitCode = passed.every(Boolean) ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
