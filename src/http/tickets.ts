/**
 * Tickets for downloads by a link, which cannot carry an API key. Each is valid for one path and some minutes. It is signed
 * with the keys, so that nothing is stored, and a restarted server accepts it.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

const VALID_MS = 600_000;

function sign(keys: readonly string[], path: string, expires: number): Buffer {
  return createHmac('sha256', keys.join('\n')).update(`${expires} ${path}`).digest();
}

/**
 * @param keys the API keys of the server
 * @param path from the root of the app, such as `v1/jobs/ID/file`
 */
export function issueTicket(keys: readonly string[], path: string): { ticket: string; expires: string } {
  const expires = Date.now() + VALID_MS;
  const signature = sign(keys, path, expires).toString('base64url');
  return { ticket: `${expires}.${signature}`, expires: new Date(expires).toISOString() };
}

export function isValidTicket(keys: readonly string[], path: string, ticket: unknown): boolean {
  const [, expires, signature] = /^(\d{13})\.([\w-]{43})$/.exec(String(ticket)) ?? [];
  if (expires === undefined || Number(expires) < Date.now()) {
    return false;
  }
  return timingSafeEqual(sign(keys, path, Number(expires)), Buffer.from(signature!, 'base64url'));
}
