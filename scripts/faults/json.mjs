/**
 * Sends each hostile body to a server in its own process. Prints the answer, how long the server's event loop was blocked,
 * and its peak memory.
 *
 *     node scripts/faults/json.mjs [--dist DIR]
 */

import { parseOptions } from '../lib/options.mjs';
import { hostileBodies } from './hostile-bodies.mjs';
import { send, startServer } from './server.mjs';

const USAGE = 'usage: node scripts/faults/json.mjs [--dist DIR] [--only PART_OF_A_NAME]';

const { values } = parseOptions(USAGE, {
  options: { dist: { type: 'string', default: 'dist' }, only: { type: 'string' } },
});

const { dist } = values;
let server = await startServer({ dist });
console.log('| body | status | code | answered after | event loop blocked | peak memory |');
console.log('|---|---|---|---|---|---|');
for (const [name, shape] of hostileBodies()) {
  if (values.only !== undefined && !name.includes(values.only)) {
    continue;
  }
  server.resetProbe();
  const { status, code, ms } = await send(server.url, shape);
  const blocked = await server.longestWait();
  const memory = server.peakMiB();
  const died = server.hasDied();
  console.log(
    `| ${name} | ${died ? 'server died' : status} | ${code ?? ''} | ${ms.toFixed(0)} ms | ${blocked.toFixed(0)} ms | ${memory.toFixed(0)} MiB |`,
  );
  if (died || blocked > 1000) {
    await server.stop();
    server = await startServer({ dist });
  }
}
await server.stop();
