/**
 * Loads values in order, each while the caller works on the one before.
 *
 * @param load starts native work, which goes on while the caller blocks its thread
 * @throws what `load` throws, in the order of the items
 */
export async function* loadAhead<Item, Value>(
  items: Iterable<Item>,
  load: (item: Item) => Promise<Value>,
): AsyncGenerator<[Item, Value], void> {
  let ahead: [Item, Promise<Value>] | undefined;
  for (const item of items) {
    const value = load(item);
    // A failure is thrown in its turn. Until then it must not count as an unhandled rejection.
    value.catch(() => {});
    if (ahead !== undefined) {
      yield [ahead[0], await ahead[1]];
    }
    ahead = [item, value];
  }
  if (ahead !== undefined) {
    yield [ahead[0], await ahead[1]];
  }
}
