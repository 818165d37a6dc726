/**
 * Makes addresses in responses relative to the request. Behind a reverse proxy that serves pawdex under a path, such as
 * `https://example.org/pets/`, only the client knows that path.
 */

/**
 * Computes the address of `target` relative to a request.
 *
 * @param requested path and query of the request, as in `req.originalUrl`
 * @param target path from the root of the app, without a leading slash: `docs/errors`
 *
 * @example
 * toRelativeAddress('/v1/identify?k=3', 'docs/errors'); // '../docs/errors'
 */
export function toRelativeAddress(requested: string, target: string): string {
  const path = requested.replace(/^https?:\/\/[^/?]*/i, '').split(/[?#]/, 1)[0]!;
  const depth = Math.max(0, path.split('/').length - 2);
  return depth === 0 ? `./${target}` : '../'.repeat(depth) + target;
}
