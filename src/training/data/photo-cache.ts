/** Keeps photo files in memory, so that only the first epoch reads them from disk. */
import { type DecodeLimits, openPhoto, type Photo } from '../../image/decode.js';

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
  readonly #kept = new Map<number, Photo>();
  readonly #opening = new Map<number, Promise<Photo>>();
  #bytes = 0;

  /** @param read reads the bytes of a photo's file */
  constructor(
    read: (photo: number) => Promise<Uint8Array>,
    private readonly options: PhotoCacheOptions,
  ) {
    this.#read = read;
  }

  /** Bytes currently in memory. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Opens a photo and reads its header.
   *
   * @throws the errors of `read` and `openPhoto`
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
    const opened = await openPhoto(await this.#read(photo), this.options.limits);
    if (this.#bytes + opened.input.length <= this.options.maxBytes) {
      this.#bytes += opened.input.length;
      this.#kept.set(photo, opened);
    }
    return opened;
  }
}
