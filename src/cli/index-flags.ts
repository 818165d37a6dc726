/** The flags of `pawdex index`. */
import type { SetFlags } from './set-options.js';

/** As commander parses them. */
export interface IndexFlags extends Record<string, unknown>, SetFlags {
  collection: string;
  manifest?: string;
  filesFrom?: string;
  sync?: boolean;
  watch?: boolean;
  keepMissing?: boolean;
  origin?: string;
  yes?: boolean;
  dryRun?: boolean;
  json?: boolean;
  verbose?: boolean;
  quiet?: boolean;
}
