/** A table of pictures, by item number: thumbnails or originals. Every method is synchronous. */
import type { ItemRow } from './item-row.js';
import { computeImageChecksum, hasChecksums } from './row-checksums.js';
import type { Db } from './sqlite.js';
import { createDamagedError } from './storage-error.js';

/** A picture as stored; the checksum is null if it has none. */
interface ImageRow {
  image: Uint8Array;
  checksum: number | null;
}

export class ItemImages {
  readonly #isSealed: boolean;
  readonly #insert;
  readonly #find;
  readonly #remove;

  constructor(db: Db, table: 'thumbnails' | 'originals') {
    this.#isSealed = hasChecksums(db);
    const [column, value] = this.#isSealed ? ['checksum', ', ?'] : ['NULL AS checksum', ''];
    this.#insert = db.prepare(
      `INSERT INTO ${table} (seq, image${value && ', checksum'}) VALUES (?, ?${value})`,
    );
    this.#find = db.prepare<[number], ImageRow>(`SELECT image, ${column} FROM ${table} WHERE seq = ?`);
    this.#remove = db.prepare(`DELETE FROM ${table} WHERE seq = ?`);
  }

  add(seq: number, image: Uint8Array): void {
    this.#insert.run(seq, image, ...(this.#isSealed ? [computeImageChecksum(seq, image)] : []));
  }

  /**
   * @returns undefined if the item has none
   * @throws PawdexError data_damaged if its checksum is wrong
   */
  read({ seq, id }: ItemRow): Uint8Array | undefined {
    const row = this.#find.get(seq);
    if (row !== undefined && row.checksum !== null && row.checksum !== computeImageChecksum(seq, row.image)) {
      throw createDamagedError([`A stored picture of item ${id} is damaged.`]);
    }
    return row?.image;
  }

  remove(seq: number): void {
    this.#remove.run(seq);
  }
}
