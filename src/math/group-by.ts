/** Groups values by a key, as `Map.groupBy` does from Node 21 on. Groups are in the order of their first values. */
export function groupBy<T, K>(values: Iterable<T>, keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const value of values) {
    const key = keyOf(value);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, [value]);
    } else {
      group.push(value);
    }
  }
  return groups;
}

export function countBy<T, K>(values: Iterable<T>, keyOf: (value: T) => K): Map<K, number> {
  const counts = new Map<K, number>();
  for (const value of values) {
    const key = keyOf(value);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** Numbers equal values alike, from 0 in the order in which they appear. */
export function numberAlike<T>(values: readonly T[]): number[] {
  const numbers = new Map<T, number>();
  return values.map((value) => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  });
}

/** Yields the values in order, `size` at a time. */
export function* cutIntoBatches<T>(values: readonly T[], size: number): Generator<T[]> {
  for (let from = 0; from < values.length; from += size) {
    yield values.slice(from, from + size);
  }
}

/** The same for values that arrive one by one. */
export async function* collectBatches<T>(values: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let batch: T[] = [];
  for await (const value of values) {
    batch.push(value);
    if (batch.length === size) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) {
    yield batch;
  }
}
