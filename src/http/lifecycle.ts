/** Where the server stands between start and stop; shared by /readyz, the gate before /v1 and the server. */
import type { PawdexError } from '../errors.js';

export interface Lifecycle {
  /** `damaged`: part of what was stored cannot be read, and nothing is answered from the rest. */
  state: 'starting' | 'ready' | 'damaged' | 'stopping';
  /** What is wrong while it is `damaged`. */
  problem?: PawdexError;
}
