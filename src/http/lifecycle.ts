/** Where the server stands between start and stop; shared by /readyz, the gate before /v1 and the server. */
export interface Lifecycle {
  state: 'starting' | 'ready' | 'stopping';
}
