/** A table of pictures, by item number: thumbnails or originals. Every method is synchronous. */
import { PawdexError } from '../../../errors.js';
import type { ItemRow } from './item-row.js';
import { computeImageChecksum, type ImageRow, isImageIntact } from './row-checksums.js';
import type { Db } from './sqlite.js';

export class ItemImages {
  readonly #insert;
  readonly #find;
  readonly #remove;
  readonly #setChecksum;
  /** Items whose picture was read and found damaged. */
  readonly #damaged = new Set<number>();

  constructor(db: Db, table: 'thumbnails' | 'originals') {
    this.#insert = db.prepare(`INSERT INTO ${table} (seq, image, checksum) VALUES (?, ?, ?)`);
    this.#find = db.prepare<[number], ImageRow>(`SELECT image, checksum FROM ${table} WHERE seq = ?`);
    this.#setChecksum = db.prepare(`UPDATE ${table} SET checksum = ? WHERE seq = ?`);
    this.#remove = db.prepare(`DELETE FROM ${table} WHERE seq = ?`);
  }

  add(seq: number, image: Uint8Array): void {
    this.#insert.run(seq, image, computeImageChecksum(seq, image));
  }

  /** Adds the checksum of a picture that lacks one, as in an older format. */
  addMissingChecksum(seq: number): void {
    const row = this.#find.get(seq);
    if (row?.checksum === null) {
      this.#setChecksum.run(computeImageChecksum(seq, row.image), seq);
    }
  }

  /** Number of pictures that were found damaged since the store was opened, and are still stored. */
  get damaged(): number {
    return this.#damaged.size;
  }

  /**
   * @returns undefined if the item has none
   * @throws PawdexError picture_damaged if its checksum is wrong
   */
  read({ seq, id }: ItemRow): Uint8Array | undefined {
    const row = this.#find.get(seq);
    if (row !== undefined && !isImageIntact(seq, row)) {
      this.#damaged.add(seq);
      throw new PawdexError('picture_damaged', { detail: `A stored picture of item ${id} is damaged.` });
    }
    return row?.image;
  }

  /** Replaces the picture of an item if it is damaged. Returns whether it was. */
  repair({ seq }: ItemRow, image: Uint8Array): boolean {
    const row = this.#find.get(seq);
    if (row === undefined || isImageIntact(seq, row)) {
      return false;
    }
    this.remove(seq);
    this.add(seq, image);
    return true;
  }

  remove(seq: number): void {
    this.#damaged.delete(seq);
    this.#remove.run(seq);
  }
}
