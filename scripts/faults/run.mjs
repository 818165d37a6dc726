/**
 * npm run faults: attacks, overloads and kills a real server, and compares the counts with limits. Exits with 1 if a limit
 * is exceeded. `--short` skips the slow steps and those that the test suite covers.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { machine, runCommand } from '../bench/lib/harness.mjs';
import { parseOptions, ROOT } from '../lib/options.mjs';
import { createRow } from './fault-row.mjs';
import { sendBodies, sendFiles, sendImages, sendStormOfImages } from './hostile-uploads.mjs';
import { killWhileAdding } from './kill-while-adding.mjs';
import { readHeavily } from './read-heavily.mjs';
import { startServer } from './server.mjs';
import { connectBadly, takeAllConnections } from './slow-clients.mjs';

const STEPS = {
  images: () => withServer((server) => sendImages(server, { damagedFiles: short ? 60 : 600 })),
  storm: () => withServer((server) => sendStormOfImages(server, short ? 8 : 60)),
  bodies: () => withServer((server) => sendBodies(server, short ? 0.25 : 1)),
  files: () => withServer((server) => sendFiles(server, short ? 0.25 : 1, !short)),
  reads: () => withServer((server) => readHeavily(server, short ? 50 : 150)),
  connections: () => withServer((server) => connectBadly(server, short ? 5 : 30)),
  slots: () => withServer((server) => takeAllConnections(server, short ? 5 : 30)),
  kills: () => killWhileAdding(short ? 2 : 10),
  jobs: () =>
    killTests(['test/faults/job-kill.test.ts', '-t', 'stores each photo once'], 3, { PHOTOS: '10000' }),
  maintenance: () => killTests(MAINTENANCE, 20),
  imports: () => killTests(['test/faults/store-kill-import.test.ts'], 100),
  shapes: searchDataShapes,
  tests: () => runFaultTests(),
};
/** Steps that the short form leaves out: `npm test` does the same with fewer photos and kills, but for the shapes. */
const SLOW_STEPS = ['jobs', 'maintenance', 'imports', 'shapes', 'tests'];

const USAGE = `npm run faults -- [options]
  --short        leave out what the test suite does anyway, and what takes long
  --only STEP    one step: ${Object.keys(STEPS).join(', ')}
  --report FILE  also write the counts of rows within and outside their limits as JSON`;

const { values } = parseOptions(USAGE, { short: false, report: null, only: null });
const { short } = values;

/** Lists the counts of a row that exceed their limits. */
const brokenLimits = ({ limit, ...row }) =>
  Object.entries(limit)
    .filter(([key, most]) => row[key] > most)
    .map(([key, most]) => `${key} ${Math.round(row[key])} > ${most}`);

const COLUMNS = ['lost', 'wrong', 'crashed', 'serverErrors', 'peakMiB', 'slowestMs'];
const cell = (row, key) => {
  const limit = row.limit[key];
  const value = Math.round(row[key]).toLocaleString('en');
  return limit === undefined || limit === 0 ? value : `${value} of ${limit.toLocaleString('en')}`;
};

const HEADER = [
  '| step | tried | lost | wrong | crashed | 5xx | peak MiB | slowest ms | within limits |',
  '|---|---|---|---|---|---|---|---|---|',
];

function formatTableLine(row) {
  const broken = brokenLimits(row);
  const stall =
    row.stallMs === undefined
      ? ''
      : `; longest wait for a probe ${Math.round(row.stallMs)} ms of ${row.limit.stallMs}`;
  const cells = COLUMNS.map((key) => cell(row, key));
  return `| ${row.what}${stall} | ${row.tried} | ${cells.join(' | ')} | ${broken.length === 0 ? 'yes' : `**no: ${broken.join(', ')}**`} |`;
}

/** Kills the process during snapshots, restores, format changes and other upkeep. */
const MAINTENANCE = ['test/faults/store-kill-backup.test.ts', 'test/faults/store-kill-maintenance.test.ts'];

/** Runs tests that kill the process; each of them does so `times` times. */
async function killTests(args, times, env = {}) {
  const rows = await runFaultTests(args, { KILLS: String(times), ...env });
  return rows.map((row) => ({ ...row, what: `${row.what}, ${times} kills each`, tried: row.tried * times }));
}

/**
 * Runs the suite's own fault tests, one row per file. They cover kills, damage and full disks, which need the tests'
 * helpers.
 */
async function runFaultTests(tests = ['test/faults'], env = {}) {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-faults-'));
  const file = path.join(dir, 'report.json');
  const args = ['vitest', 'run', ...tests, '--reporter=json', `--outputFile.json=${file}`];
  await new Promise((resolve) =>
    spawn('npx', args, {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, ...env },
    }).once('exit', resolve),
  );
  const { testResults } = JSON.parse(await readFile(file, 'utf8'));
  await rm(dir, { recursive: true });
  return testResults.map(({ name, status, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const wrong = failed.length + (status === 'failed' && failed.length === 0 ? 1 : 0);
    return {
      ...createRow(path.relative(ROOT, name), { wrong: 0 }),
      tried: assertionResults.filter((test) => test.status !== 'skipped' && test.status !== 'pending').length,
      wrong,
      notes: failed.map(({ fullName }) => fullName),
    };
  });
}

const rows = [];
console.log(`${machine()}, ${short ? 'short' : 'full'} run\n`);
for (const line of HEADER) console.log(line);
function report(...done) {
  for (const row of done) {
    rows.push(row);
    console.log(formatTableLine(row));
    for (const note of row.notes.slice(0, 10)) console.error(`    ${note}`);
  }
}

/**
 * Each step gets its own server, so that the peak memory is that of the step. Two threads everywhere: each encoder lane
 * holds another copy of the model, and the peak should not depend on the number of cores.
 */
async function withServer(work) {
  const server = await startServer({ env: { PAWDEX_THREADS: '2' } });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}

/** Collections whose shape is hard for graphs. A shape counts as wrong if its mean recall is below 0.99. */
async function searchDataShapes() {
  const script = path.join(ROOT, 'scripts/bench/adversarial.mjs');
  const args = [script, '--json', '--rounds', '1', '--seconds', '0.2', '--queries', '150'];
  const { results } = JSON.parse(await runCommand(process.execPath, args));
  const wrong = results.filter(({ store }) => store.mean < 0.99);
  return {
    ...createRow(`Collections of ${results.length} difficult shapes, recall@10 of 300 queries each`, {
      wrong: 0,
    }),
    tried: results.length,
    wrong: wrong.length,
    peakMiB: Math.max(...results.map(({ store }) => store.memory)),
    notes: wrong.map(({ name, store }) => `${name}: ${store.mean}`),
  };
}

const steps = Object.entries(STEPS).filter(([name]) => !(short && SLOW_STEPS.includes(name)));
if (values.only !== undefined && !steps.some(([name]) => name === values.only)) {
  console.error(`There is no step ${values.only}${short ? ' in the short form' : ''}.\n${USAGE}`);
  process.exit(2);
}
for (const [name, step] of steps) {
  if (values.only === undefined || values.only === name) report(...[await step()].flat());
}

const broken = rows.filter((row) => brokenLimits(row).length > 0).length;
console.log(`\n${rows.length - broken} of ${rows.length} rows within their limits`);
if (values.report !== undefined) {
  // In the test runner's report format, so that both can be counted together.
  const counts = {
    numPassedTests: rows.length - broken,
    numFailedTests: broken,
    numPendingTests: 0,
    numTodoTests: 0,
  };
  await writeFile(values.report, JSON.stringify({ ...counts, testResults: [] }));
}
process.exit(broken === 0 ? 0 : 1);
