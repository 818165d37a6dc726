/** Uploads of images: forms, and batches within the server's limits. */
import type { ItemInput } from '../engine/engine.js';
import { asPawdexError, describeFailure } from '../errors.js';
import type { Parameter } from './transport.js';
import type { AddResult, ServerInfo } from './wire.js';

/** Builds a form with one image in the field `image`. */
export function createImageForm(image: Uint8Array, fields: Record<string, Parameter> = {}): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) {
      form.append(name, String(value));
    }
  }
  form.append('image', createBlob(image), 'image');
  return form;
}

/** Builds a form with many images and the description of each. */
export function createItemsForm(items: ItemInput[]): FormData {
  const form = new FormData();
  // Without `source: null` the server would use the file name.
  form.append(
    'items',
    JSON.stringify(items.map(({ image: _, ...description }) => ({ source: null, ...description }))),
  );
  for (const { image } of items) {
    form.append('image', createBlob(image), 'image');
  }
  return form;
}

const createBlob = (bytes: Uint8Array) => new Blob([bytes as Uint8Array<ArrayBuffer>]);

/**
 * Largest JSON description of the images of one request, in bytes. Servers accept 20,000 values of at least two bytes each.
 */
const MAX_DESCRIPTION_BYTES = 40_000;

const measureDescription = ({ image: _, ...description }: ItemInput) =>
  Buffer.byteLength(JSON.stringify(description));

/** Splits items into consecutive batches that fit into one request each. */
export function splitIntoBatches(items: ItemInput[], limits: ServerInfo['limits']): ItemInput[][] {
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

/**
 * Sends a batch. Halves it if it is too large for the server or a proxy, so that only a single image that is too large
 * fails.
 */
export async function sendSplitting(
  items: ItemInput[],
  send: (items: ItemInput[]) => Promise<AddResult[]>,
): Promise<AddResult[]> {
  try {
    return await send(items);
  } catch (thrown) {
    const error = asPawdexError(thrown);
    if (error.code !== 'payload_too_large') {
      throw thrown;
    }
    if (items.length === 1) {
      return [{ status: 'failed', error: describeFailure(error) }];
    }
    const half = items.length >> 1;
    const first = await sendSplitting(items.slice(0, half), send);
    return [...first, ...(await sendSplitting(items.slice(half), send))];
  }
}
