/**
 * Limits a JSON text before it is parsed. `JSON.parse` and schema validation take time for every value, key and level, so a
 * few megabytes of `[` or `1,` would block the event loop for seconds. The check stops at the first limit. It accepts some
 * invalid JSON, which `JSON.parse` then reports.
 */
import { z } from 'zod';
import { createTooLargeError, PawdexError } from '../../errors.js';

/** Deepest nesting. Metadata may be 16 levels deep, and is three levels down. */
const MAX_DEPTH = 32;
/** Maximum number of values and keys. A query vector has up to 8,192. */
const MAX_VALUES = 20_000;
/** Longest string that is not an image, in bytes. */
const MAX_STRING_BYTES = 64 * 1024;
/** Size limit of everything except images, in bytes. */
const MAX_PLAIN_BYTES = 1024 * 1024;
/** Bytes of each key that are kept to recognise images. Joining whole keys to a path for every string would take seconds. */
const KEPT_KEY_BYTES = 32;

/** Share of an image's string that may be other than base64: line breaks and escaped slashes need 1 / 16. */
const MAX_NON_BASE64_SHARE = 1 / 8;

/** For each byte: 1 unless it is a digit of base64. */
const IS_NOT_BASE64 = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\w+/=-]/.test(String.fromCharCode(byte)) ? 0 : 1,
);

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Finds the quote that ends a string, or the end of the text. */
function findStringEnd(text: Buffer, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== QUOTE) {
    at += text[at] === BACKSLASH ? 2 : 1;
  }
  return at;
}

/** Limits other characters than base64, which take ten times as long to unescape and decode. */
function checkImage(image: Buffer, path: string): void {
  let nonBase64 = 0;
  for (let at = 0; at < image.length; at++) {
    nonBase64 += IS_NOT_BASE64[image[at]!]!;
  }
  if (nonBase64 > MAX_STRING_BYTES + image.length * MAX_NON_BASE64_SHARE) {
    throw new PawdexError('invalid_request', {
      detail: `\`${path}\` is not valid base64.`,
      errors: [{ path, message: 'must be base64' }],
    });
  }
}

/** Checks one text. */
class JsonCheck {
  readonly #name: string;
  readonly #imagePaths: readonly string[];
  /** One entry per open object or array: the latest key of an object, or null for an array. */
  readonly #open: (string | null)[] = [];
  #values = 0;
  #plainBytes = 0;
  #expectsKey = false;
  #key = '';

  constructor(name: string, imagePaths: readonly string[]) {
    this.#name = name;
    this.#imagePaths = imagePaths;
  }

  run(text: Buffer): void {
    let at = 0;
    while (at < text.length) {
      const byte = text[at++]!;
      if (byte === QUOTE) {
        const end = findStringEnd(text, at);
        this.#readString(text.subarray(at, end));
        at = end + 1;
      } else {
        this.#readToken(byte);
      }
    }
  }

  #readToken(byte: number): void {
    this.#countPlain(1);
    switch (byte) {
      case COMMA:
        this.#countValue();
        this.#expectsKey = this.#open.at(-1) !== null;
        break;
      case COLON:
        this.#countValue();
        this.#expectsKey = false;
        if (this.#open.length > 0) {
          this.#open[this.#open.length - 1] = this.#key;
        }
        break;
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        this.#countValue();
        if (this.#open.length === MAX_DEPTH) {
          throw this.#createError(`must be nested at most ${MAX_DEPTH} levels deep`);
        }
        this.#open.push(byte === OPEN_ARRAY ? null : '');
        this.#expectsKey = byte === OPEN_OBJECT;
        break;
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        this.#open.pop();
        break;
    }
  }

  #readString(string: Buffer): void {
    const path = this.#expectsKey || this.#imagePaths.length === 0 ? '' : this.#formatPath();
    if (this.#imagePaths.includes(path)) {
      checkImage(string, `${this.#name}.${path}`);
      return;
    }
    if (string.length > MAX_STRING_BYTES) {
      const hint = 'Send images as `imageBase64`; keep labels, sources and metadata short.';
      throw createTooLargeError('A string that is not an image', MAX_STRING_BYTES, hint);
    }
    this.#countPlain(string.length);
    if (this.#expectsKey) {
      this.#key = string.subarray(0, KEPT_KEY_BYTES).toString('latin1');
    }
  }

  #countValue(): void {
    if (++this.#values > MAX_VALUES) {
      throw this.#createError(`must have at most ${MAX_VALUES} values and keys`);
    }
  }

  #countPlain(bytes: number): void {
    this.#plainBytes += bytes;
    if (this.#plainBytes > MAX_PLAIN_BYTES) {
      const hint = 'Send fewer images in one request, or less metadata with each.';
      throw createTooLargeError('The JSON without its images', MAX_PLAIN_BYTES, hint);
    }
  }

  #createError(message: string): PawdexError {
    const detail = `${this.#name}: ${message}.`;
    return new PawdexError('invalid_request', { detail, errors: [{ path: this.#name, message }] });
  }

  /** The path of the next value, such as `items[].imageBase64`. */
  #formatPath(): string {
    const steps = this.#open.map((key) => (key === null ? '[]' : `.${key}`));
    return steps.join('').replace(/^\./, '');
  }
}

/**
 * Checks a JSON text.
 *
 * @param name of the JSON in errors, such as `body`
 * @param imagePaths paths of images, such as `items[].imageBase64`; other strings are limited to 64 KiB
 * @throws PawdexError invalid_request, payload_too_large
 */
export function checkJson(text: Buffer, name: string, imagePaths: readonly string[] = []): void {
  new JsonCheck(name, imagePaths).run(text);
}

/**
 * Parses the JSON text of a form field or query parameter, with the same limits as a body. For a transform of zod: a text
 * that is not JSON, or too complex, becomes an issue. Leaves values alone that are no text.
 *
 * @throws PawdexError payload_too_large
 */
export function parseJsonText(text: unknown, context: z.RefinementCtx): unknown {
  if (typeof text !== 'string') {
    return text;
  }
  try {
    checkJson(Buffer.from(text), '');
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof PawdexError && error.code === 'payload_too_large') {
      throw error;
    }
    const [issue] = error instanceof PawdexError ? (error.errors ?? []) : [];
    context.addIssue({ code: 'custom', message: issue?.message ?? 'must be JSON' });
    return z.NEVER;
  }
}
