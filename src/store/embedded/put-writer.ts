/**
 * Writes puts, several in one transaction. Flushing the log to the disk costs the same for one item as for hundreds, so
 * puts that arrive while the thread is busy are committed together. An error fails only the put that caused it.
 */
import type { NewItem, PutResult } from '../store.js';
import type { Collection } from './collection.js';
import type { ItemTable } from './sqlite/item-table.js';
import type { Db } from './sqlite/sqlite.js';
import { runSoon } from './time-slice.js';
import { toUnitVector } from './vectors/unit-vector.js';

/** A transaction with this many items takes no further put, so that it ends within a few milliseconds. */
const GROUP_ITEMS = 256;
/** Maximum number of milliseconds that a put waits for the graph to catch up. */
const MAX_POSTPONE_MS = 250;

interface Put {
  collection: Collection;
  items: NewItem[];
  units: Float32Array[];
  arrived: number;
  resolve: (results: PutResult[]) => void;
  reject: (error: unknown) => void;
}

/** Drops an item's vector of another space, unless the collection is moving to that space. */
function withKnownSuccessor({ reembedding }: Collection, item: NewItem): NewItem {
  if (item.successorVector === undefined) {
    return item;
  }
  const { successorVector: next, ...rest } = item;
  const isKnown =
    next.fingerprint === reembedding?.fingerprint && next.vector.length === reembedding.dimension;
  return isKnown ? item : rest;
}

export class PutWriter {
  readonly #db: Db;
  readonly #items: ItemTable;
  #waiting: Put[] = [];
  #isScheduled = false;

  constructor(db: Db, items: ItemTable) {
    this.#db = db;
    this.#items = items;
  }

  /**
   * @param space fingerprint of the vectors' space, if it matters
   * @returns resolves when everything is durable and searchable
   * @throws PawdexError vector_invalid, space_changed
   */
  put(collection: Collection, items: NewItem[], space?: string): Promise<PutResult[]> {
    collection.requireSpace(space);
    const units = items.map((item) => toUnitVector(item.vector, collection.row.dimension));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ collection, items, units, arrived: performance.now(), resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#isScheduled) {
      return;
    }
    this.#isScheduled = true;
    runSoon(() => {
      this.#isScheduled = false;
      this.#commitGroup();
      if (this.#waiting.length > 0) {
        this.#schedule();
      }
    });
  }

  #commitGroup(): void {
    const overdueBefore = performance.now() - MAX_POSTPONE_MS;
    const group: Put[] = [];
    const later: Put[] = [];
    let items = 0;
    for (const put of this.#waiting) {
      const isPostponed =
        items >= GROUP_ITEMS || (put.arrived > overdueBefore && put.collection.shouldDelayPuts);
      (isPostponed ? later : group).push(put);
      if (!isPostponed) {
        items += put.items.length;
      }
    }
    this.#waiting = later;
    if (group.length > 0) {
      this.#commit(group);
    }
  }

  /** Commits the puts together or, if that fails, one by one. */
  #commit(group: Put[]): void {
    try {
      this.#write(group);
    } catch (error) {
      if (group.length === 1) {
        group[0]!.reject(error);
      } else {
        for (const put of group) {
          this.#commit([put]);
        }
      }
    }
  }

  #write(group: Put[]): void {
    const now = new Date().toISOString();
    const written = this.#db.transaction(() =>
      group.map((put) => {
        put.collection.throwIfGone();
        // The space that its collection is moving to may have changed while the put was waiting.
        put.items = put.items.map((item) => withKnownSuccessor(put.collection, item));
        return this.#items.insert(put.collection.row, put.items, now);
      }),
    )();
    group.forEach((put, i) => {
      const results = written[i]!;
      results.forEach(({ seq, id, label }, j) => {
        if (seq !== null) {
          const { successorVector: next } = put.items[j]!;
          const successorUnit = next === undefined ? null : toUnitVector(next.vector, next.vector.length);
          put.collection.addRow({ seq, id, label }, put.units[j]!, successorUnit);
        }
      });
      put.resolve(results.map(({ id, status, label }) => ({ id, status, label })));
    });
  }
}
