/** Lists all items, a page at a time. */
import type { Filter, Item, Store } from './store.js';

/** Items per page. */
const PAGE = 1000;

/** Yields the items in order of insertion. Those that come or go meanwhile may be missing. */
export async function* listPages(
  store: Pick<Store, 'listItems'>,
  collection: string,
  filter?: Filter,
): AsyncGenerator<Item[]> {
  let cursor: string | undefined;
  do {
    const page = await store.listItems(collection, { limit: PAGE, cursor, filter });
    yield page.items;
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
}
