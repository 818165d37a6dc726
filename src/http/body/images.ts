/** Takes images out of a body that has been read. */
import { PawdexError } from '../../errors.js';
import type { Body } from './reader.js';

/** The two ways of JSON to name an image. */
export interface JsonImage {
  imageBase64?: string | undefined;
  url?: string | undefined;
}

/**
 * Bytes from base64 text, plain or as a data URL, in either alphabet, line breaks allowed.
 *
 * @param most bytes an image may have
 * @throws PawdexError invalid_request when it is not base64, payload_too_large
 */
export function fromBase64(text: string, most: number, path: string): Buffer {
  const comma = text.startsWith('data:') ? text.indexOf(',') + 1 : 0;
  const plain = text.slice(comma).replace(/[\s=]+/g, '');
  const bytes = Buffer.from(plain, 'base64');
  // Node skips what is not base64; then fewer bytes come out than the text is long.
  if (bytes.length !== Math.floor((plain.length * 3) / 4) || plain.length % 4 === 1)
    throw new PawdexError('invalid_request', {
      detail: `\`${path}\` is not valid base64.`,
      errors: [{ path, message: 'must be base64' }],
    });
  if (bytes.length > most)
    throw new PawdexError('payload_too_large', { detail: `An image may have at most ${most} bytes.` });
  return bytes;
}

/**
 * The one image of a body, or null when it names none.
 *
 * @throws PawdexError image_unexpected when it names several, url_input_disabled, and those of base64
 */
export function imageOf(body: Body, { imageBase64, url }: JsonImage, most: number): Buffer | null {
  const [file] = body.files;
  const named = [file, imageBase64, url].filter((way) => way !== undefined).length;
  if (named > 1)
    throw new PawdexError('image_unexpected', { detail: 'The request names more than one image.' });
  if (url !== undefined) throw new PawdexError('url_input_disabled');
  if (imageBase64 !== undefined) return fromBase64(imageBase64, most, 'body.imageBase64');
  return file?.buffer ?? null;
}

/** The one image of a body. @throws PawdexError image_missing, and those of {@link imageOf} */
export function requireImage(body: Body, json: JsonImage, most: number): Buffer {
  const image = imageOf(body, json, most);
  if (image === null) throw new PawdexError('image_missing');
  return image;
}
