/**
 * Measures single requests to the engine: plain, with several views, explained, and a heat map. Also measures the first
 * explanation, which opens the model a second time.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseConfig } from '../../dist/config.js';
import { openLocalEngine } from '../../dist/engine/local-engine.js';
import { fromRoot, parseOptions } from '../lib/options.mjs';
import { machine, median } from './lib/harness.mjs';

const { values: args } = parseOptions(
  `npm run bench:ask -- [options]

  --photo FILE     photo to ask about (default test/fixtures/chelsea/chelsea.png)
  --threads N      threads of the encoder (default: the number of cores)
  --rounds N       of all requests (default 40)
  --json           print one JSON object`,
  {
    photo: 'test/fixtures/chelsea/chelsea.png',
    threads: String(os.availableParallelism()),
    rounds: '40',
    json: false,
  },
);
const photo = await readFile(fromRoot(args.photo));
const folder = await mkdtemp(path.join(os.tmpdir(), 'pawdex-bench-'));
const config = parseConfig({ DATA_DIR: folder, THREADS: args.threads }, {});
const engine = await openLocalEngine({ config });
const collection = 'breeds';
const identify = (more) => () => engine.identify(photo, { collection, ...more });
const kinds = {
  identify: identify({}),
  'identify, views=flip': identify({ views: 'flip' }),
  'identify, views=5': identify({ views: '5' }),
  'identify, explained': identify({ explain: true }),
};

async function timed(ask) {
  const started = performance.now();
  const answer = await ask();
  return { totalMs: performance.now() - started, ...answer.timing };
}

try {
  const { neighbours } = await identify({})();
  const mib = () => process.memoryUsage().rss / 2 ** 20;
  const before = mib();
  const { totalMs: firstMs } = await timed(kinds['identify, explained']);
  const first = { ms: firstMs, mib: mib() - before };
  kinds['heat map'] = async () => ({
    picture: await engine.drawHeatMap(photo, { collection, neighbour: neighbours[0].id }),
  });
  const runs = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  // Each round measures all kinds of requests, so that changes in the machine's speed affect all of them.
  for (let round = 0; round < Number(args.rounds); round++) {
    for (const [kind, ask] of Object.entries(kinds)) {
      runs[kind].push(await timed(ask));
    }
  }
  const results = Object.entries(runs).map(([kind, all]) => ({
    kind,
    ...Object.fromEntries(Object.keys(all[0]).map((part) => [part, median(all.map((one) => one[part]))])),
  }));
  if (args.json) {
    console.log(JSON.stringify({ machine: machine(), model: engine.encoder.name, first, results }));
  } else {
    console.log(machine());
    for (const { kind, totalMs, decodeMs, embedMs } of results) {
      const parts =
        decodeMs === undefined ? '' : ` (decode ${decodeMs.toFixed(1)}, embed ${embedMs.toFixed(1)})`;
      console.log(`${kind.padEnd(22)}${totalMs.toFixed(1).padStart(7)} ms${parts}`);
    }
    console.log(`the first explanation: ${first.ms.toFixed(0)} ms, ${first.mib.toFixed(0)} MiB`);
  }
} finally {
  await engine.close();
  await rm(folder, { recursive: true });
}
