/** The state of the server between start and stop, shared by /readyz, the gate before /v1 and the server. */
import type { PawdexError } from '../errors.js';

export interface Lifecycle {
  /** `damaged`: part of the stored data cannot be read, so no data requests are answered. */
  state: 'starting' | 'ready' | 'damaged' | 'stopping';
  /** What is wrong while it is `damaged`. */
  problem?: PawdexError;
}
