/** The engine of a data directory that could not be opened: whatever it is asked, it says why. */
import type { PawdexError } from '../errors.js';
import type { LocalEngine } from './local.js';

/** @param problem rejects every call */
export function damagedEngine(problem: PawdexError): LocalEngine {
  const own: Partial<LocalEngine> = {
    gallery: null,
    pending: 0,
    damage: async () => problem,
    close: async () => {},
  };
  return new Proxy(own as LocalEngine, {
    get(target, key) {
      // With a `then` it would be taken for a promise.
      if (key in target || key === 'then') return target[key as keyof LocalEngine];
      return () => Promise.reject(problem);
    },
  });
}
