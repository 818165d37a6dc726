/**
 * Fetches photos that requests name by their web address. It only connects to public addresses. This is checked for each
 * connection, so that neither DNS rebinding nor a redirect leads elsewhere.
 */
import dns from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import pLimit from 'p-limit';
import { PawdexError } from '../errors.js';
import { sniff } from '../image/sniff.js';
import { isPublicAddress } from './public-address.js';

const AT_ONCE = 4;
const REDIRECTIONS = 3;
const TIMEOUT_MS = 10_000;
/** Requests that wait for others to end, which takes at most 20 s. */
const MAX_WAITING = 8;

const fetching = pLimit(AT_ONCE);

export interface FetchOptions {
  /** Largest image, in bytes. */
  maxBytes: number;
  /** Time limit including redirects, in milliseconds. Default: 10 s. */
  timeoutMs?: number;
  /** Whether to allow connecting to an address. Default: only public ones. */
  isAllowed?: (address: string) => boolean;
}

const createNotAllowedError = (detail: string) => new PawdexError('url_not_allowed', { detail });
const createUnreachableError = (detail: string) => new PawdexError('url_unreachable', { detail });

/** @throws PawdexError url_not_allowed */
function checkUrl(text: string, isAllowed: (address: string) => boolean): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw createNotAllowedError('The address does not start with http:// or https://.');
  }
  if (url.username !== '' || url.password !== '') {
    throw createNotAllowedError('The address contains a user name or a password.');
  }
  // Names are checked when they are looked up, but IP addresses are never looked up.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && !isAllowed(host)) {
    throw createNotAllowedError(`${host} is not a public address.`);
  }
  return url;
}

/** Looks up names like Node, and leaves out addresses that are not allowed. */
function createLookup(isAllowed: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    dns.lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        return callback(error, []);
      }
      const open = addresses.filter(({ address }) => isAllowed(address));
      const [first] = open;
      if (first === undefined) {
        return callback(createNotAllowedError(`${hostname} has no public address.`), []);
      }
      return options.all ? callback(null, open) : callback(null, first.address, first.family);
    });
  };
}

function sendRequest(url: URL, lookup: LookupFunction, signal: AbortSignal): Promise<IncomingMessage> {
  const { get } = url.protocol === 'https:' ? https : http;
  const headers = { accept: 'image/*', 'accept-encoding': 'identity', 'user-agent': 'pawdex' };
  return new Promise((resolve, reject) => {
    get(url, { lookup, signal, headers, agent: false }, resolve).on('error', reject);
  });
}

/** @throws PawdexError payload_too_large */
async function readBody(response: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > maxBytes) {
      throw new PawdexError('payload_too_large', { detail: `The image has more than ${maxBytes} bytes.` });
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

async function followRedirects(
  text: string,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { maxBytes, isAllowed = isPublicAddress } = options;
  const lookup = createLookup(isAllowed);
  let url = checkUrl(text, isAllowed);
  for (let left = REDIRECTIONS; ; left--) {
    const response = await sendRequest(url, lookup, signal);
    const { statusCode = 0, headers } = response;
    try {
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        if (left === 0) {
          throw createUnreachableError(`The address redirects more than ${REDIRECTIONS} times.`);
        }
        url = checkUrl(new URL(headers.location, url).href, isAllowed);
        continue;
      }
      if (statusCode !== 200) {
        throw createUnreachableError(`${url.host} answered with status ${statusCode}.`);
      }
      const bytes = await readBody(response, maxBytes);
      if (sniff(bytes) === null) {
        throw createUnreachableError(`The answer of ${url.host} is not a readable picture.`);
      }
      return bytes;
    } finally {
      response.destroy();
    }
  }
}

/**
 * Fetches the bytes of a picture on the web.
 *
 * @throws PawdexError url_not_allowed, url_unreachable, payload_too_large, overloaded
 */
export async function fetchImage(url: string, options: FetchOptions): Promise<Uint8Array> {
  if (fetching.pendingCount >= MAX_WAITING) {
    throw new PawdexError('overloaded', { detail: 'Too many pictures are being fetched.', retryAfter: 5 });
  }
  return fetching(async () => {
    const signal = AbortSignal.timeout(options.timeoutMs ?? TIMEOUT_MS);
    try {
      return await followRedirects(url, options, signal);
    } catch (error) {
      if (error instanceof PawdexError) {
        throw error;
      }
      if (signal.aborted) {
        throw createUnreachableError('The picture did not arrive in time.');
      }
      // Only network errors: a programming error must not look like a problem of the address.
      if (error instanceof Error && 'code' in error) {
        throw createUnreachableError(`The picture could not be fetched (${String(error.code)}).`);
      }
      throw error;
    }
  });
}
