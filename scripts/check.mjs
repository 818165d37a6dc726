/**
 * Everything a change has to pass, in one go: format and lint, types, import directions, dead code, tests.
 * All steps run even when one fails, so that one round shows all there is to mend. `--static` leaves the tests out.
 * The server's types are checked by its build, which `npm run check` has made before this starts.
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
