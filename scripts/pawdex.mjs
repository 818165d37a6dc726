/** The command line in a checkout: sets up what is missing, then runs in this very process, so that signals reach it. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { setup } from './setup.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

await setup();
// npm runs scripts in the checkout and says in INIT_CWD where the user is. Files on the command line are meant from
// there; the data of a checkout stays in the checkout.
const { INIT_CWD: from, npm_lifecycle_event: script } = process.env;
if (from && (script === 'pawdex' || script === 'start') && path.resolve(from) !== path.resolve(root)) {
  process.env.PAWDEX_DATA_DIR ||= path.join(root, 'data');
  process.chdir(from);
}
await import('../dist/cli/main.js');
