/** Loads the shipped gallery, a Parquet file of embeddings, into the collection `breeds`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { loadCalibration } from '../breeds/calibration.js';
import { SHIPPED_COLLECTION } from '../config.js';
import type { EncoderInfo } from '../encoder/encoder.js';
import { PawdexError } from '../errors.js';
import type { EmbeddedSet } from '../evaluation/embed-set.js';
import { computeSha256 } from '../files/sha256.js';
import { cutIntoBatches } from '../math/group-by.js';
import type { CollectionInfo, NewItem, Store } from '../store/store.js';
import { parseFileItem } from './file-item.js';

/** Metadata of items from the gallery, which items added by users do not have. */
const SHIPPED_MARK = { gallery: true };
const SHIPPED_ITEMS = { metadata: SHIPPED_MARK };

/** Rows per write. */
const BATCH = 1000;

/** @throws PawdexError gallery_invalid */
function toItem(row: Record<string, unknown>, dimension: number, index: number): NewItem {
  const { species, licence, publisher, group } = row;
  const given = Object.entries({ species, licence, publisher, group }).filter(([, value]) => value);
  const metadata = { ...Object.fromEntries(given), ...SHIPPED_MARK };
  const item = parseFileItem({ ...row, metadata }, dimension);
  if (typeof item === 'string') {
    throw new PawdexError('gallery_invalid', { detail: `Row ${index} of the gallery: ${item}` });
  }
  return item;
}

/**
 * Parses a gallery. Its columns are id, label, species, source, licence, publisher, group, sha256, size, thumbnail and
 * embedding; the file's key-value metadata has the fingerprint of the encoder it was made with.
 *
 * @param bytes the Parquet file's content
 * @throws PawdexError gallery_invalid if it is damaged or was made with another encoder
 */
async function parseGallery(bytes: Uint8Array, encoder: EncoderInfo): Promise<NewItem[]> {
  const file = Uint8Array.from(bytes).buffer;
  try {
    const metadata = parquetMetadata(file);
    const fingerprint = metadata.key_value_metadata?.find(({ key }) => key === 'pawdex.fingerprint')?.value;
    if (fingerprint !== encoder.fingerprint) {
      throw new PawdexError('gallery_invalid', {
        detail: `The gallery was made with the encoder ${fingerprint}; this one is ${encoder.fingerprint}.`,
        hint: 'Set PAWDEX_GALLERY to nothing to start without a gallery, or to one that was made with this encoder.',
      });
    }
    // By default, binary columns such as thumbnails would be read as text.
    const rows = await parquetReadObjects({ file, metadata, utf8: false });
    return rows.map((row, i) => toItem(row, encoder.dimension, i));
  } catch (error) {
    if (error instanceof PawdexError) {
      throw error;
    }
    throw new PawdexError('gallery_invalid', {
      detail: 'The gallery is not a readable Parquet file.',
      cause: error,
    });
  }
}

async function readGalleryFile(file: string): Promise<Buffer> {
  return readFile(file).catch((cause) => {
    throw new PawdexError('gallery_invalid', { detail: `Cannot read the gallery ${file}.`, cause });
  });
}

/**
 * Reads a gallery file.
 *
 * @throws PawdexError gallery_invalid if it cannot be read, is damaged or was made with another encoder
 */
export async function readGallery(file: string, encoder: EncoderInfo): Promise<NewItem[]> {
  return parseGallery(await readGalleryFile(file), encoder);
}

/** Whether a set to measure with is a gallery file rather than a folder of photos. */
export const isGalleryFile = (spec: string) => spec.endsWith('.parquet');

/**
 * Reads a gallery as an embedded set for evaluation.
 *
 * @throws PawdexError gallery_invalid
 */
export async function readGallerySet(file: string, encoder: EncoderInfo): Promise<EmbeddedSet> {
  const rows = await readGallery(file, encoder);
  const data = new Float32Array(rows.length * encoder.dimension);
  const items = rows.map(({ id, label, source, sha256, metadata, vector }, row) => {
    data.set(vector, row * encoder.dimension);
    const { publisher, group } = metadata;
    const columns = Object.entries({ source: publisher, group }).filter(([, value]) => value !== undefined);
    return {
      file: source ?? id,
      label: label ?? '',
      sha256,
      metadata: Object.fromEntries(columns.map(([name, value]) => [name, String(value)])),
    };
  });
  return { vectors: { data, rows: rows.length, dimension: encoder.dimension }, items };
}

/**
 * What {@link loadGallery} did. `unwritable`: nothing could be written, so the collection, if there is one, is
 * unchanged.
 */
export type GalleryOutcome = 'current' | 'loaded' | 'kept' | 'unwritable';

/**
 * Fills `breeds` from the gallery file and the calibration.json next to it, once. A collection that was filled from
 * these files before stays as it is: deleted items stay deleted, and a newer calibration is kept. After an upgrade
 * the items of the old gallery are replaced, and items that users added stay. If there are such items and the encoder
 * has changed, the collection is `kept` untouched, since their vectors can no longer be compared. An interrupted
 * import is completed.
 *
 * @throws PawdexError gallery_invalid; storage_full, storage_failed if the collection is left incomplete
 */
export async function loadGallery(file: string, store: Store, encoder: EncoderInfo): Promise<GalleryOutcome> {
  const bytes = await readGalleryFile(file);
  const calibration = await loadCalibration(path.join(path.dirname(file), 'calibration.json'));
  const sha256 = computeSha256(bytes, JSON.stringify(calibration));
  const existing = (await store.listCollections()).find(({ name }) => name === SHIPPED_COLLECTION);
  if (existing?.gallery === sha256) {
    return 'current';
  }
  const items = await parseGallery(bytes, encoder);
  const isSameSpace = existing?.fingerprint === encoder.fingerprint;
  if (existing !== undefined && !isSameSpace) {
    const shipped = await store.count(SHIPPED_COLLECTION, SHIPPED_ITEMS);
    if (shipped < existing.count) {
      return 'kept';
    }
  }
  if (!(await beginImport(store, encoder, existing))) {
    return 'unwritable';
  }
  if (isSameSpace) {
    await store.deleteItems(SHIPPED_COLLECTION, { filter: SHIPPED_ITEMS });
  }
  for (const batch of cutIntoBatches(items, BATCH)) {
    await store.put(SHIPPED_COLLECTION, batch);
  }
  await store.updateCollection(SHIPPED_COLLECTION, { gallery: sha256, calibration });
  return 'loaded';
}

/**
 * Creates the collection, or marks the existing one as incomplete so that an interrupted import is resumed.
 *
 * @returns false if nothing could be written
 */
async function beginImport(
  store: Store,
  { fingerprint, dimension, name: model }: EncoderInfo,
  existing: CollectionInfo | undefined,
): Promise<boolean> {
  try {
    if (existing?.fingerprint === fingerprint) {
      await store.updateCollection(SHIPPED_COLLECTION, { gallery: null });
      return true;
    }
    if (existing !== undefined) {
      await store.deleteCollection(SHIPPED_COLLECTION);
    }
    await store.createCollection({
      name: SHIPPED_COLLECTION,
      dimension,
      fingerprint,
      model,
      description: 'Cat and dog breeds, as shipped with pawdex',
    });
    return true;
  } catch (error) {
    if (error instanceof PawdexError && error.code === 'storage_full') {
      return false;
    }
    throw error;
  }
}
