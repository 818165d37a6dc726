/**
 * Runs the command line in a checkout. Installs and builds what is missing, then runs in this process, so that signals
 * arrive.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await setup();
// npm runs scripts in the root of the checkout and passes the user's folder as INIT_CWD. Paths on the command line are
// relative to that folder, while the data directory stays in the checkout.
const { INIT_CWD: from, npm_lifecycle_event: script } = process.env;
if (from && (script === 'pawdex' || script === 'start') && path.resolve(from) !== path.resolve(root)) {
  process.env.PAWDEX_DATA_DIR ||= path.join(root, 'data');
  process.chdir(from);
}
await import('../dist/cli/main.js');
