/** Uploads many images or thumbnails in batches within the server's limits. */
import type { AttachStatus, ItemInput, ThumbnailInput } from '../engine/engine.js';
import { asPawdexError, createTooLargeError, describeFailure, PawdexError } from '../errors.js';
import { cutIntoBatches } from '../math/group-by.js';
import type { AddResult, ServerInfo } from './wire.js';

/**
 * Largest JSON description of the images of one request, in bytes. Servers accept 20,000 values of at least two bytes each.
 */
const MAX_DESCRIPTION_BYTES = 40_000;

const measureDescription = ({ image: _, ...description }: ItemInput) =>
  Buffer.byteLength(JSON.stringify(description));

/** Splits items into consecutive batches that fit into one request each. */
function splitIntoBatches(items: ItemInput[], limits: ServerInfo['limits']): ItemInput[][] {
  const batches: ItemInput[][] = [];
  let bytesLeft = 0;
  let jsonBytesLeft = 0;
  for (const item of items) {
    const bytes = item.image.length;
    const jsonBytes = measureDescription(item);
    const last = batches.at(-1);
    if (
      last !== undefined &&
      last.length < limits.batchFiles &&
      bytes <= bytesLeft &&
      jsonBytes <= jsonBytesLeft
    ) {
      last.push(item);
    } else {
      batches.push([item]);
      bytesLeft = limits.batchBytes;
      jsonBytesLeft = MAX_DESCRIPTION_BYTES;
    }
    bytesLeft -= bytes;
    jsonBytesLeft -= jsonBytes;
  }
  return batches;
}

type Send = (batch: ItemInput[]) => Promise<AddResult[]>;

/**
 * Sends a batch. Halves it if it is too large for the server or a proxy, so that only a single image that is too large
 * fails.
 */
async function sendSplitting(batch: ItemInput[], send: Send): Promise<AddResult[]> {
  try {
    const results = await send(batch);
    // If one were missing, all later photos would get the result of another.
    if (results.length !== batch.length) {
      const detail = `The server gave ${results.length} results for ${batch.length} images.`;
      throw new PawdexError('internal', { detail });
    }
    return results;
  } catch (thrown) {
    const error = asPawdexError(thrown);
    if (error.code !== 'payload_too_large') {
      throw thrown;
    }
    if (batch.length === 1) {
      return [{ status: 'failed', error: describeFailure(error) }];
    }
    const half = batch.length >> 1;
    const first = await sendSplitting(batch.slice(0, half), send);
    return [...first, ...(await sendSplitting(batch.slice(half), send))];
  }
}

/** Sends images in as many requests as the limits require. Returns one result per image, in order. */
export async function uploadImages(
  items: ItemInput[],
  limits: ServerInfo['limits'],
  send: Send,
): Promise<AddResult[]> {
  const fits = ({ image }: ItemInput) => image.length <= limits.fileBytes;
  const results: AddResult[] = [];
  for (const batch of splitIntoBatches(items.filter(fits), limits)) {
    results.push(...(await sendSplitting(batch, send)));
  }
  const inOrder = results.values();
  const error = describeFailure(createTooLargeError('The file', limits.fileBytes));
  return items.map((item) => (fits(item) ? inOrder.next().value! : { status: 'failed', error }));
}

/** Thumbnails per request. The server accepts up to 200. */
const THUMBNAILS_PER_REQUEST = 100;

/** Sends thumbnails in as many requests as needed. Returns one result per thumbnail, in order. */
export async function uploadThumbnails(
  thumbnails: ThumbnailInput[],
  send: (batch: object[]) => Promise<AttachStatus[]>,
): Promise<AttachStatus[]> {
  const encoded = thumbnails.map(({ sha256, thumbnail }) => ({
    sha256,
    imageBase64: Buffer.from(thumbnail).toString('base64'),
  }));
  const results: AttachStatus[] = [];
  for (const batch of cutIntoBatches(encoded, THUMBNAILS_PER_REQUEST)) {
    results.push(...(await send(batch)));
  }
  return results;
}
