/** The command line in a checkout: sets up what is missing, then runs in this very process, so that signals reach it. */
import { setup } from './setup.mjs';

await setup();
await import('../dist/cli/main.js');
