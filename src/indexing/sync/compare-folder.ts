/**
 * Compares a folder with its items in a collection, by content hash. A file is read only if its size or time has changed
 * since it was last read, and if the collection may contain it.
 */
import pLimit from 'p-limit';
import type { Engine } from '../../engine/engine.js';
import { catchAsNull } from '../../errors.js';
import { type FileFacts, readFileFacts } from '../../files/open-file.js';
import { readPhotoFile } from '../../image/read-photo.js';
import { cutIntoBatches } from '../../math/group-by.js';
import { listPages } from '../../store/list-pages.js';
import type { Item } from '../../store/store.js';
import { createOriginFilter, type PhotoToIndex, readOrigin } from '../photo-to-index.js';
import type { HashCache } from './hash-cache.js';

/** Hashes per look-up. Over HTTP they are in the URL. */
const HASHES = 100;
/** Files examined in parallel, and files read in parallel. */
const STAT_CONCURRENCY = 16;
const READ_CONCURRENCY = 8;

/** A photo of a folder, with its content hash if known. */
export interface ComparedPhoto {
  photo: PhotoToIndex;
  /** Null if it cannot be read. */
  facts: FileFacts | null;
  /** Null if the collection certainly has no item for it from this folder. */
  sha256: string | null;
}

/** A folder and its items in a collection. */
export interface FolderComparison {
  photos: ComparedPhoto[];
  /** The collection's items from the folder, including those indexed before items recorded their folder. */
  owned: Item[];
  /** Hashes of the folder's photos that are in the collection as items from elsewhere. */
  foreign: ReadonlySet<string>;
}

/** Settings of {@link compareFolder}. */
export interface CompareOptions {
  collection: string;
  /** See `computeFolderId`. */
  folder: string;
  cache: HashCache;
  /** Larger files are not read. */
  maxFileBytes: number;
  signal?: AbortSignal | undefined;
  /** Called after each photo. */
  onProgress?: (done: number) => void;
}

/** Compares a folder with a collection. Throws the errors of querying the collection; the signal's reason. */
export async function compareFolder(
  engine: Engine,
  photos: readonly PhotoToIndex[],
  options: CompareOptions,
): Promise<FolderComparison> {
  const { collection, folder } = options;
  const count = await countItems(engine, collection);
  const owned = count === 0 ? [] : await listItems(engine, collection, createOriginFilter(folder));
  const hasOthers = count > owned.length;
  const sizes = new Set(owned.map(({ size }) => size));
  const compared = await hashPhotos(photos, (size) => hasOthers || sizes.has(size), options);
  if (!hasOthers) {
    return { photos: compared, owned, foreign: new Set() };
  }
  const ownHashes = new Set(owned.map(({ sha256 }) => sha256));
  const namesOf = new Map<string, Set<string>>();
  for (const { photo, sha256 } of compared) {
    if (sha256 !== null && !ownHashes.has(sha256)) {
      namesOf.set(sha256, (namesOf.get(sha256) ?? new Set()).add(photo.name));
    }
  }
  const others = await findByHash(engine, collection, [...namesOf.keys()]);
  // Items that record no folder, but have the content and name of one of its photos, belong to it.
  const isFromHere = (item: Item) =>
    readOrigin(item) === null && namesOf.get(item.sha256)!.has(item.source ?? '');
  return {
    photos: compared,
    owned: [...owned, ...others.filter(isFromHere)],
    foreign: new Set(others.filter((item) => !isFromHere(item)).map(({ sha256 }) => sha256)),
  };
}

async function hashPhotos(
  photos: readonly PhotoToIndex[],
  mayBeInCollection: (size: number) => boolean,
  { cache, maxFileBytes, signal, onProgress }: CompareOptions,
): Promise<ComparedPhoto[]> {
  const limitStats = pLimit(STAT_CONCURRENCY);
  const limitReads = pLimit(READ_CONCURRENCY);
  let done = 0;
  const hash = async (photo: PhotoToIndex, facts: FileFacts) => {
    const cached = cache.get(photo.name, facts);
    if (cached !== null || facts.size > maxFileBytes || !mayBeInCollection(facts.size)) {
      return cached;
    }
    const { sha256 } = await limitReads(readPhotoFile, photo.file);
    cache.set(photo.name, facts, sha256);
    return sha256;
  };
  return Promise.all(
    photos.map((photo) =>
      limitStats(async (): Promise<ComparedPhoto> => {
        signal?.throwIfAborted();
        let facts: FileFacts | null = null;
        try {
          facts = await readFileFacts(photo.file);
          return { photo, facts, sha256: await hash(photo, facts) };
        } catch {
          // Indexing it will fail too, and report why.
          return { photo, facts: null, sha256: null };
        } finally {
          onProgress?.(++done);
        }
      }),
    ),
  );
}

async function countItems(engine: Engine, collection: string): Promise<number> {
  return (await catchAsNull(engine.store.getCollection(collection), 'collection_not_found'))?.count ?? 0;
}

async function listItems(engine: Engine, collection: string, filter: ReturnType<typeof createOriginFilter>) {
  const items: Item[] = [];
  for await (const page of listPages(engine.store, collection, filter)) {
    items.push(...page);
  }
  return items;
}

async function findByHash(engine: Engine, collection: string, hashes: readonly string[]): Promise<Item[]> {
  const matching: Item[] = [];
  for (const sha256 of cutIntoBatches(hashes, HASHES)) {
    const { items } = await engine.store.listItems(collection, { limit: HASHES, filter: { sha256 } });
    matching.push(...items);
  }
  return matching;
}
