/** Stands in for the engine of a data directory that could not be opened: every call fails with the reason. */
import type { PawdexError } from '../errors.js';
import type { Store } from '../store/store.js';
import type { LocalEngine } from './local-engine.js';

/** @param problem the error of every call */
export function createDamagedEngine(problem: PawdexError): LocalEngine {
  const reject = () => Promise.reject(problem);
  const store = rejectOthers<Store>({ waitForDamage: async () => problem, close: async () => {} }, reject);
  const load = { pending: 0, estimateSeconds: () => 0, assertCapacity: () => {} };
  return rejectOthers<LocalEngine>({ store, load, gallery: null, close: async () => {} }, reject);
}

/** Creates an object whose methods all call `reject`, except for those of `own`. */
function rejectOthers<T extends object>(own: Partial<T>, reject: () => Promise<never>): T {
  return new Proxy(own as T, {
    // With a `then` method it would look like a promise.
    get: (target, key) => (key in target || key === 'then' ? target[key as keyof T] : reject),
  });
}
