/** Checks API keys: `Authorization: Bearer KEY` or `X-API-Key: KEY`; for downloads, also a ticket in the query. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Request, RequestHandler } from 'express';
import type { Config } from '../config.js';
import { PawdexError } from '../errors.js';
import { isValidTicket } from './tickets.js';

// Digests have equal lengths, so that the comparison does not reveal the length of a key.
const hashKey = (key: Buffer) => createHash('sha256').update(key).digest();

function readKey(req: Request): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(req.headers.authorization ?? '') ?? [];
  return bearer ?? req.get('x-api-key');
}

/**
 * Lets requests with one of the keys pass, or with a ticket for their path. Without keys, all requests pass.
 *
 * @param keys the accepted keys
 */
export function requireKey(keys: string[]): RequestHandler {
  const digests = keys.map((key) => hashKey(Buffer.from(key)));
  return (req, _res, next) => {
    const { ticket } = req.query;
    const path = `${req.baseUrl}${req.path}`.slice(1);
    if (digests.length === 0 || (ticket !== undefined && isValidTicket(keys, path, ticket))) {
      return next();
    }
    const key = readKey(req);
    if (key === undefined) {
      throw new PawdexError('unauthorized');
    }
    // Node decodes headers as latin1.
    const digest = hashKey(Buffer.from(key, 'latin1'));
    // Compare with every key, so that the time does not reveal which one matched.
    const matching = digests.filter((accepted) => timingSafeEqual(accepted, digest));
    if (matching.length === 0) {
      throw new PawdexError('unauthorized', { detail: 'The API key is not valid.' });
    }
    next();
  };
}

/** Whether only this machine can reach an address to listen on. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Refuses to serve the network without keys by accident. Throws PawdexError keys_missing. */
export function requireKeysBeyondLoopback(
  config: Pick<Config, 'HOST' | 'API_KEYS' | 'ALLOW_UNAUTHENTICATED'>,
): void {
  const { HOST, API_KEYS, ALLOW_UNAUTHENTICATED } = config;
  if (isLoopback(HOST) || API_KEYS.length > 0 || ALLOW_UNAUTHENTICATED) {
    return;
  }
  throw new PawdexError('keys_missing', { detail: `PAWDEX_HOST is ${HOST}, and PAWDEX_API_KEYS is empty.` });
}
