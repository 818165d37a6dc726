/**
 * Runs every check that a change has to pass: format, lint, types, import directions, dead code and tests. All steps run
 * even if one fails, so that one run shows everything to fix. `--static` skips the tests. The server's types are checked by
 * the build, which `npm run check` runs first.
 */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const STEPS = [
  ['format and lint', ['@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']],
  ['types: browser', ['@typescript/native/bin/tsc', '-p', 'src/web']],
  ['types: tests', ['@typescript/native/bin/tsc', '-p', 'test']],
  ['import directions', ['dependency-cruiser/bin/dependency-cruise.mjs', 'src']],
  ['dead code', ['knip/bin/knip.js']],
  ['tests', ['vitest/vitest.mjs', 'run']],
];

const chosen = process.argv.includes('--static') ? STEPS.filter(([name]) => name !== 'tests') : STEPS;
const failed = [];
for (const [name, [program, ...args]] of chosen) {
  console.log(`\n== ${name}`);
  const started = performance.now();
  const file = path.join(root, 'node_modules', program);
  const { status } = spawnSync(process.execPath, [file, ...args], { cwd: root, stdio: 'inherit' });
  console.log(`${status === 0 ? 'ok' : 'FAILED'} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
  if (status !== 0) {
    failed.push(name);
  }
}
console.log(failed.length === 0 ? '\nAll checks passed.' : `\nFailed: ${failed.join(', ')}.`);
process.exitCode = failed.length === 0 ? 0 : 1;
