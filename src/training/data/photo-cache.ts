/** Photos in memory, so that only the first epoch reads files. */
import { type DecodeLimits, openPhoto, type Photo } from '../../image/decode.js';

/** Settings of {@link PhotoCache}. */
export interface PhotoCacheOptions {
  /** Bytes of files that are kept. */
  maxBytes: number;
  limits: DecodeLimits;
}

/**
 * Photos by index. It keeps what fits and never trades it for another: an epoch asks for each photo about once, and
 * a cache of what was used last would then have dropped every photo before it is asked for again.
 */
export class PhotoCache {
  readonly #read: (photo: number) => Promise<Uint8Array>;
  readonly #options: PhotoCacheOptions;
  readonly #kept = new Map<number, Photo>();
  readonly #opening = new Map<number, Promise<Photo>>();
  #bytes = 0;

  /** @param read gives the bytes of a photo's file */
  constructor(read: (photo: number) => Promise<Uint8Array>, options: PhotoCacheOptions) {
    this.#read = read;
    this.#options = options;
  }

  /** Bytes held at the moment. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * A photo with its header read.
   *
   * @throws PawdexError what reading throws, and what `openPhoto` throws
   */
  async get(photo: number): Promise<Photo> {
    const kept = this.#kept.get(photo);
    if (kept !== undefined) {
      return kept;
    }
    const known = this.#opening.get(photo);
    if (known !== undefined) {
      return known;
    }
    const opening = this.#open(photo).finally(() => this.#opening.delete(photo));
    this.#opening.set(photo, opening);
    return opening;
  }

  async #open(photo: number): Promise<Photo> {
    const opened = await openPhoto(await this.#read(photo), this.#options.limits);
    if (this.#bytes + opened.bytes.length <= this.#options.maxBytes) {
      this.#bytes += opened.bytes.length;
      this.#kept.set(photo, opened);
    }
    return opened;
  }
}
