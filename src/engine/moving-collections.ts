/** Options and results of moving collections to another encoder or another server. */
import type { WorkOptions } from '../evaluation/collection-queries.js';
import type { ImportOutcome } from './answers.js';

/** Settings of `Engine.reembed`. */
export interface ReembedOptions extends WorkOptions {
  /** Name of the encoder to move to. Default: the engine's own. */
  encoder?: string | undefined;
  /** Folders that hold the photos under the names in `source`. */
  photos?: string[] | undefined;
  /** Also embeds the stored previews of items without a better picture. */
  previews?: boolean | undefined;
  /** Deletes items without a picture. */
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
  /** Whether the collection has moved. If not, pictures are missing. */
  swapped: boolean;
  from: { name: string; fingerprint: string };
  to: { name: string; fingerprint: string };
  /** Items embedded by this call, by the source of their pictures. */
  embedded: Record<PictureOrigin, number>;
  /** Number of items that could not be embedded. */
  missing: number;
  /** The first thousand of them. */
  examples: MissingPicture[];
  /** Items deleted, if requested. */
  dropped: number;
}

/** Where the picture of an item was found: the stored original, a file, a smaller copy, or only the preview. */
export type PictureOrigin = 'original' | 'file' | 'reduced' | 'preview';

/** What `Engine.exportCollection` wrote. */
export interface ExportOutcome {
  collection: string;
  items: number;
  bytes: number;
}

/** Settings of `Engine.importCollection`. */
export interface ImportOptions extends Omit<ReembedOptions, 'encoder' | 'dropMissing'> {
  /** Embeds the pictures instead of importing vectors of another model. */
  reembed?: boolean | undefined;
  /** Where an earlier import of the same file into the same collection stopped. */
  resumeFrom?: ImportState | undefined;
  /** Called after each batch of rows has been stored. The import continues when it resolves. */
  onBatch?: ((state: ImportState) => Promise<void>) | undefined;
}

/** Progress of an import. */
export interface ImportState {
  /** Rows processed. */
  done: number;
  outcome: ImportOutcome;
}
