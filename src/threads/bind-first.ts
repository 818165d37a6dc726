/** Turns functions that share their first argument into methods. */

/** A function without its first argument. */
type Bound<F, C> = F extends (context: C, ...args: infer A) => infer R ? (...args: A) => R : never;

/** Functions without their first argument. */
export type BoundAll<T, C> = { [K in keyof T]: Bound<T[K], C> };

/**
 * Binds the first argument of each function.
 *
 * @example const { identify } = bindFirst(parts, { identify }); // identify(parts, image) becomes identify(image)
 */
export function bindFirst<C, T extends Record<string, (context: C, ...args: never[]) => unknown>>(
  context: C,
  functions: T,
): BoundAll<T, C> {
  const bound = Object.entries(functions).map(([name, each]) => [name, each.bind(null, context)]);
  return Object.fromEntries(bound);
}
