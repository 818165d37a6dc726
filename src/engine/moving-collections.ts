/** Moving collections, to another encoder or between servers: what it takes, and what comes of it. */
import type { WorkOptions } from '../evaluation/collection-queries.js';

/** Settings of `Engine.reembed`. */
export interface ReembedOptions extends WorkOptions {
  /** Name of the encoder to move to; the engine's own unless given. */
  encoder?: string | undefined;
  /** Folders that hold the photos under the names in `source`. */
  photos?: string[] | undefined;
  /** Also embeds the stored preview of an item of which nothing better is left. */
  previews?: boolean | undefined;
  /** Deletes items of which no picture is left. */
  dropMissing?: boolean | undefined;
}

/** An item that could not be embedded, and why. */
export interface MissingPicture {
  id: string;
  source: string | null;
  reason: string;
}

/** What `Engine.reembed` did. */
export interface ReembedOutcome {
  collection: string;
  /** Whether the collection is in the new space. If not, pictures are missing. */
  swapped: boolean;
  from: { name: string; fingerprint: string };
  to: { name: string; fingerprint: string };
  /** Items embedded by this call, by where their pictures came from. */
  embedded: Record<PictureOrigin, number>;
  /** How many could not be embedded. */
  missing: number;
  /** The first thousand of them. */
  examples: MissingPicture[];
  /** Items deleted, if that was asked for. */
  dropped: number;
}

/** Where a picture of an item was found: as it was put, in a file, in less detail, or hardly at all. */
export type PictureOrigin = 'original' | 'file' | 'reduced' | 'preview';

/** What `Engine.exportCollection` wrote. */
export interface ExportOutcome {
  collection: string;
  items: number;
  bytes: number;
}

/** Settings of `Engine.importCollection`. */
export interface ImportOptions extends Omit<ReembedOptions, 'encoder' | 'dropMissing'> {
  /** Embeds the pictures instead of taking vectors of a model that this collection is not embedded with. */
  reembed?: boolean | undefined;
  /** Where an earlier import of the same file into the same collection stopped. */
  resumeFrom?: ImportState | undefined;
  /** Called after each batch of rows, which is then stored; the import goes on when it resolves. */
  onBatch?: ((state: ImportState) => Promise<void>) | undefined;
}

/** How far an import is. */
export interface ImportState {
  /** Rows dealt with. */
  done: number;
  outcome: ImportOutcome;
}

/** What `Engine.importCollection` did. */
export interface ImportOutcome {
  collection: string;
  /** Rows in the file. */
  total: number;
  created: number;
  /** Items that the collection had already, kept as they were. */
  exists: number;
  /** Rows that were compared with what the collection holds afterwards, byte by byte. */
  verified: number;
  failed: number;
  /** The first thousand rows that failed. */
  failures: { row: number; id: string | null; detail: string }[];
  /** Items that differ from their row: they were there before, with another label, source or metadata. */
  different: number;
}
