/** Keeps photo files in memory, so that only the first epoch reads them from disk. */
import { openPhoto, type Photo } from '../../image/decode.js';
import type { DecodeLimits } from '../../image/decode-limits.js';

export interface PhotoCacheOptions {
  /** Bytes of files to keep. */
  maxBytes: number;
  limits: DecodeLimits;
}

/**
 * Photos by index. The cache keeps what fits and never evicts: an epoch asks for each photo about once, so a
 * least-recently-used cache would drop every photo just before it is needed again.
 */
export class PhotoCache {
  readonly #read: (photo: number) => Promise<Uint8Array>;
  /** The photos that are kept or being opened. */
  readonly #photos = new Map<number, Promise<Photo>>();
  readonly #options: PhotoCacheOptions;
  #bytes = 0;

  /** @param read reads the bytes of a photo's file */
  constructor(read: (photo: number) => Promise<Uint8Array>, options: PhotoCacheOptions) {
    this.#read = read;
    this.#options = options;
  }

  /**
   * Opens a photo and reads its header.
   *
   * @throws the errors of `read` and `openPhoto`
   */
  get(photo: number): Promise<Photo> {
    const cached = this.#photos.get(photo);
    if (cached !== undefined) {
      return cached;
    }
    const opening = this.#open(photo);
    this.#photos.set(photo, opening);
    return opening;
  }

  async #open(photo: number): Promise<Photo> {
    let fits = false;
    try {
      const content = await openPhoto(await this.#read(photo), this.#options.limits);
      fits = this.#bytes + content.input.length <= this.#options.maxBytes;
      this.#bytes += fits ? content.input.length : 0;
      return content;
    } finally {
      if (!fits) {
        this.#photos.delete(photo);
      }
    }
  }
}
