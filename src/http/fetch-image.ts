/**
 * Fetches images that requests name by their URL. It only connects to public addresses; otherwise clients could reach this
 * machine and its local network through the server. This is checked for each connection, so that neither DNS rebinding nor a
 * redirect leads elsewhere.
 */
import dns from 'node:dns';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import pLimit from 'p-limit';
import { createTooLargeError, PawdexError } from '../errors.js';
import { sniff } from '../image/sniff.js';

const CONCURRENCY = 4;
const MAX_REDIRECTS = 3;
const TIMEOUT_MS = 10_000;
/** Maximum number of requests that wait for others, which takes at most 20 s. */
const MAX_WAITING = 8;

const limit = pLimit(CONCURRENCY);

/** The part of IPv6 that is assigned to the internet. IPv4 in disguise (`::ffff:10.0.0.1`, `64:ff9b::`) is outside of it. */
const GLOBAL_IPV6 = ipaddr.IPv6.parseCIDR('2000::/3');

/** Whether an IPv4 or IPv6 address belongs to the public internet. Anything else, such as a name, does not. */
export function isPublicAddress(text: string): boolean {
  if (isIP(text) === 0) {
    return false;
  }
  const address = ipaddr.parse(text);
  return address.range() === 'unicast' && (address instanceof ipaddr.IPv4 || address.match(GLOBAL_IPV6));
}

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
    throw createNotAllowedError('The URL does not start with http:// or https://.');
  }
  if (url.username !== '' || url.password !== '') {
    throw createNotAllowedError('The URL contains a user name or a password.');
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
      const allowed = addresses.filter(({ address }) => isAllowed(address));
      const [first] = allowed;
      if (first === undefined) {
        return callback(createNotAllowedError(`${hostname} has no public address.`), []);
      }
      return options.all ? callback(null, allowed) : callback(null, first.address, first.family);
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
      throw createTooLargeError('The image', maxBytes);
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
  for (let redirectsLeft = MAX_REDIRECTS; ; redirectsLeft--) {
    const response = await sendRequest(url, lookup, signal);
    const { statusCode = 0, headers } = response;
    try {
      if (statusCode >= 300 && statusCode < 400 && headers.location !== undefined) {
        if (redirectsLeft === 0) {
          throw createUnreachableError(`The URL redirects more than ${MAX_REDIRECTS} times.`);
        }
        url = checkUrl(new URL(headers.location, url).href, isAllowed);
        continue;
      }
      if (statusCode !== 200) {
        throw createUnreachableError(`${url.host} responded with status ${statusCode}.`);
      }
      const bytes = await readBody(response, maxBytes);
      if (sniff(bytes) === null) {
        throw createUnreachableError(`${url.host} did not send an image in a supported format.`);
      }
      return bytes;
    } finally {
      response.destroy();
    }
  }
}

/**
 * Fetches the bytes of an image on the web.
 *
 * @throws PawdexError url_not_allowed, url_unreachable, payload_too_large, overloaded
 */
export async function fetchImage(url: string, options: FetchOptions): Promise<Uint8Array> {
  if (limit.pendingCount >= MAX_WAITING) {
    throw new PawdexError('overloaded', { detail: 'Too many images are being fetched.', retryAfter: 5 });
  }
  return limit(async () => {
    const { timeoutMs = TIMEOUT_MS } = options;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await followRedirects(url, options, signal);
    } catch (error) {
      if (error instanceof PawdexError) {
        throw error;
      }
      if (signal.aborted) {
        throw createUnreachableError(`Fetching the image timed out after ${timeoutMs / 1000} s.`);
      }
      // Only network errors: a programming error must not look like a problem of the URL.
      if (error instanceof Error && 'code' in error) {
        throw createUnreachableError(`The image could not be fetched (${String(error.code)}).`);
      }
      throw error;
    }
  });
}
