/** The engine of a server for unattended work, which survives a restart of the server. */
import type { Engine } from '../engine/engine.js';
import type { ErrorCode } from '../errors.js';
import { keepTrying, type Patience } from '../threads/keep-trying.js';

/** Errors of a server that is being restarted. */
export const RESTARTING: readonly ErrorCode[] = [
  'server_unreachable',
  'shutting_down',
  'starting',
  'worker_failed',
];

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/** How long to wait for a server, and what to do meanwhile. */
export type ServerPatience = Omit<Patience, 'codes' | 'waitMs'>;

/** Repeats work that fails while a server is restarted, with growing pauses. See {@link keepTrying}. */
export function awaitServer<T>(work: () => Promise<T>, patience: ServerPatience): Promise<T> {
  const waitMs = (_: unknown, attempt: number) =>
    Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS);
  return keepTrying(work, { ...patience, codes: RESTARTING, waitMs });
}

/**
 * Wraps an engine so that bulk work continues after a restart of its server. Adding is idempotent, and so are changes and
 * deletions by id.
 *
 * @param reconnect opens the engine again, possibly at another address
 */
export function createPatientEngine(
  first: Engine,
  reconnect: () => Promise<Engine>,
  patience: ServerPatience,
): Engine {
  let engine = first;
  let isLost = false;
  const persist = <T>(call: (current: Engine) => Promise<T>) =>
    awaitServer(async () => {
      if (isLost) {
        engine = await reconnect();
        isLost = false;
      }
      return call(engine).catch((error) => {
        isLost = true;
        throw error;
      });
    }, patience);
  return {
    ...first,
    addItems: (...args) => persist((current) => current.addItems(...args)),
    createCollection: (...args) => persist((current) => current.createCollection(...args)),
    store: {
      ...first.store,
      getCollection: (...args) => persist(({ store }) => store.getCollection(...args)),
      findKnown: (...args) => persist(({ store }) => store.findKnown(...args)),
      listItems: (...args) => persist(({ store }) => store.listItems(...args)),
      updateItems: (...args) => persist(({ store }) => store.updateItems(...args)),
      deleteItems: (...args) => persist(({ store }) => store.deleteItems(...args)),
    },
  };
}
