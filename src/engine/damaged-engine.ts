/** The engine of a data directory that could not be opened: every call is rejected with the reason. */
import type { PawdexError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { LocalEngine } from './local-engine.js';

/** @param problem rejects every call */
export function createDamagedEngine(problem: PawdexError): LocalEngine {
  const reject = () => Promise.reject(problem);
  const store = rejectOthers<Store>({ damage: async () => problem, close: async () => {} }, reject);
  const load = { pending: 0, queueSeconds: () => 0, checkRoom: () => {} };
  return rejectOthers<LocalEngine>({ store, load, gallery: null, close: async () => {} }, reject);
}

/** An object whose other methods are all `reject`. */
function rejectOthers<T extends object>(own: Partial<T>, reject: () => Promise<never>): T {
  return new Proxy(own as T, {
    // With a `then` it would be taken for a promise.
    get: (target, key) => (key in target || key === 'then' ? target[key as keyof T] : reject),
  });
}
