/**
 * Limits a JSON text before it is parsed. `JSON.parse` and schema validation take time for every value, key and
 * level, so a few megabytes of `[` or `1,` would block the event loop for seconds. The guard reads the bytes once, as
 * they arrive, and stops at the first limit. `JSON.parse` then reports invalid JSON.
 */
import { createTooLargeError, PawdexError } from '../../errors.js';

/** Deepest nesting. Metadata may be 16 levels deep, and is three levels down. */
const MAX_DEPTH = 32;
/** Maximum number of values and keys. A query vector has up to 8,192. */
const MAX_VALUES = 20_000;
/** Longest string that is not an image, in bytes. */
const MAX_STRING_BYTES = 64 * 1024;
/** Size limit of everything except images, in bytes. */
const MAX_PLAIN_BYTES = 1024 * 1024;
/** Bytes of each key that are kept, to recognise the paths of images. */
const KEPT_KEY_BYTES = 32;

/** Share of an image's string that may be other than base64: line breaks and escaped slashes need 1 / 16. */
const MAX_NON_BASE64_SHARE = 1 / 8;

/** For each byte: 1 unless it is a digit of base64. */
const IS_NOT_BASE64 = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[\w+/=-]/.test(String.fromCharCode(byte)) ? 0 : 1,
);

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Checks a JSON text piece by piece. */
export class JsonGuard {
  readonly #name: string;
  readonly #imagePaths: ReadonlySet<string>;
  /** One entry per open object or array: the latest key of an object, or null for an array. */
  readonly #open: (string | null)[] = [];
  #values = 0;
  #plainBytes = 0;
  #expectsKey = false;
  #inString = false;
  #escaped = false;
  #stringBytes = 0;
  /** Whether the current string may be as long as an image. */
  #isImage = false;
  /** Bytes of that string that are not base64. */
  #nonBase64Bytes = 0;
  #key = '';

  /**
   * @param name of the JSON in errors, such as `body`
   * @param imagePaths paths of images, such as `items[].imageBase64`; other strings are limited to 64 KiB
   */
  constructor(name: string, imagePaths: readonly string[] = []) {
    this.#name = name;
    this.#imagePaths = new Set(imagePaths);
  }

  /** Checks the next piece of the text. Throws PawdexError invalid_request, payload_too_large. */
  push(bytes: Uint8Array): void {
    const { length } = bytes;
    let at = 0;
    while (at < length) {
      at = this.#inString ? this.#readString(bytes, at) : this.#readStructure(bytes, at);
    }
  }

  /** Reads up to the next string. Returns where it stopped. */
  #readStructure(bytes: Uint8Array, from: number): number {
    const { length } = bytes;
    let at = from;
    while (at < length && !this.#inString) {
      this.#readToken(bytes[at++]!);
    }
    this.#countPlain(at - from);
    return at;
  }

  #readToken(byte: number): void {
    switch (byte) {
      case QUOTE:
        this.#startString();
        break;
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

  #startString(): void {
    this.#inString = true;
    this.#stringBytes = 0;
    this.#nonBase64Bytes = 0;
    this.#isImage =
      !this.#expectsKey && this.#imagePaths.size > 0 && this.#imagePaths.has(this.#formatPath());
    if (this.#expectsKey) {
      this.#key = '';
    }
  }

  /** Reads up to the end of the string. Returns where it stopped. */
  #readString(bytes: Uint8Array, from: number): number {
    const { length } = bytes;
    let at = from;
    while (at < length) {
      const byte = bytes[at++]!;
      if (this.#escaped) {
        this.#escaped = false;
      } else if (byte === BACKSLASH) {
        this.#escaped = true;
      } else if (byte === QUOTE) {
        this.#inString = false;
        break;
      }
    }
    this.#stringBytes += at - from;
    if (this.#isImage) {
      this.#checkImage(bytes, from, at);
    } else {
      this.#checkString(bytes.subarray(from, at));
    }
    return at;
  }

  /** Limits other characters than base64, which take ten times as long to unescape and decode. */
  #checkImage(bytes: Uint8Array, from: number, to: number): void {
    let nonBase64 = 0;
    for (let at = from; at < to; at++) {
      nonBase64 += IS_NOT_BASE64[bytes[at]!]!;
    }
    this.#nonBase64Bytes += nonBase64;
    if (this.#nonBase64Bytes <= MAX_STRING_BYTES + this.#stringBytes * MAX_NON_BASE64_SHARE) {
      return;
    }
    const path = `${this.#name}.${this.#formatPath()}`;
    throw new PawdexError('invalid_request', {
      detail: `\`${path}\` is not valid base64.`,
      errors: [{ path, message: 'must be base64' }],
    });
  }

  #checkString(piece: Uint8Array): void {
    this.#countPlain(piece.length);
    if (this.#stringBytes > MAX_STRING_BYTES) {
      throw createTooLargeError(
        'A string that is not an image',
        MAX_STRING_BYTES,
        'Send images as `imageBase64`; keep labels, sources and metadata short.',
      );
    }
    if (!this.#expectsKey || this.#key.length >= KEPT_KEY_BYTES) {
      return;
    }
    const end = this.#inString ? piece.length : piece.length - 1;
    this.#key += Buffer.from(piece.subarray(0, Math.min(end, KEPT_KEY_BYTES))).toString('latin1');
  }

  #countValue(): void {
    if (++this.#values > MAX_VALUES) {
      throw this.#createError(`must have at most ${MAX_VALUES} values and keys`);
    }
  }

  #countPlain(bytes: number): void {
    this.#plainBytes += bytes;
    if (this.#plainBytes > MAX_PLAIN_BYTES) {
      throw createTooLargeError(
        'The JSON without its images',
        MAX_PLAIN_BYTES,
        'Send fewer images in one request, or less metadata with each.',
      );
    }
  }

  #createError(message: string): PawdexError {
    return new PawdexError('invalid_request', {
      detail: `${this.#name}: ${message}.`,
      errors: [{ path: this.#name, message }],
    });
  }

  /** The path of the next value, such as `items[].imageBase64`. */
  #formatPath(): string {
    let path = '';
    for (const key of this.#open) {
      if (key === null) {
        path += '[]';
      } else {
        path += path === '' ? key : `.${key}`;
      }
    }
    return path;
  }
}

/**
 * Parses the JSON text of a form field or query parameter, with the same limits as a body.
 *
 * @throws PawdexError invalid_request, payload_too_large; SyntaxError when it is not JSON
 */
export function parseBoundedJson(text: string, name: string): unknown {
  new JsonGuard(name).push(Buffer.from(text));
  return JSON.parse(text);
}
