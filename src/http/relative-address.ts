/**
 * Addresses in answers are relative to the request's own: behind a reverse proxy that puts pawdex under a path, such
 * as `https://example.org/pets/`, the server does not know that path, and the client does.
 */

/**
 * The address of `target` as seen from a request.
 *
 * @param requested path and query of the request, as in `req.originalUrl`
 * @param target path from the root of the app, without a slash at its beginning: `docs/errors`
 *
 * @example
 * relativeAddress('/v1/identify?k=3', 'docs/errors'); // '../docs/errors'
 */
export function toRelativeAddress(requested: string, target: string): string {
  const path = requested.replace(/^https?:\/\/[^/?]*/i, '').split(/[?#]/, 1)[0]!;
  const depth = Math.max(0, path.split('/').length - 2);
  return depth === 0 ? `./${target}` : '../'.repeat(depth) + target;
}
