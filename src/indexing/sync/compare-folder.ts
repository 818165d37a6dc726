/**
 * Compares a folder with what a collection holds of it. Contents are compared by hash; a file is read only if its size or
 * time changed since it was last read, and if its content may be one that the collection holds.
 */
import pLimit from 'p-limit';
import { computeContentHash } from '../../engine/add-items.js';
import type { Engine } from '../../engine/engine.js';
import { asPawdexError } from '../../errors.js';
import { type FileFacts, readFileFacts, readWholeFile } from '../../files/open-file.js';
import type { Item } from '../../store/store.js';
import { originFilter, type PhotoToIndex, readOrigin } from '../describe-photo.js';
import type { HashCache } from './hash-cache.js';

/** Items in a page of a listing. */
const PAGE = 1000;
/** Hashes in one question: over HTTP they are in its address. */
const HASHES = 100;
/** Files looked at, and files read, at once. */
const LOOKERS = 16;
const READERS = 8;

/** A photo of a folder, with what is known of its content. */
export interface ComparedPhoto {
  photo: PhotoToIndex;
  /** Null if it cannot be read. */
  facts: FileFacts | null;
  /** Null if it is sure that the collection does not hold it as an item of the folder. */
  sha256: string | null;
}

/** A folder beside what a collection holds of it. */
export interface Comparison {
  photos: ComparedPhoto[];
  /** The collection's items that are from the folder, with those that were indexed before items said so. */
  owned: Item[];
  /** Hashes of the folder's photos that the collection holds as items from elsewhere. */
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

/** Compares; see above. @throws PawdexError what asking the collection throws; the signal's reason */
export async function compareFolder(
  engine: Engine,
  photos: readonly PhotoToIndex[],
  options: CompareOptions,
): Promise<Comparison> {
  const { collection, folder } = options;
  const count = await countItems(engine, collection);
  const owned = count === 0 ? [] : await listItems(engine, collection, originFilter(folder));
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
  // Items without a note of their folder, but with the content and the name of one of its photos, are from it.
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
  mayBeHeld: (size: number) => boolean,
  { cache, maxFileBytes, signal, onProgress }: CompareOptions,
): Promise<ComparedPhoto[]> {
  const look = pLimit(LOOKERS);
  const read = pLimit(READERS);
  let done = 0;
  const hash = async (photo: PhotoToIndex, facts: FileFacts) => {
    const known = cache.get(photo.name, facts);
    if (known !== null || facts.size > maxFileBytes || !mayBeHeld(facts.size)) {
      return known;
    }
    const sha256 = await read(async () => computeContentHash(await readWholeFile(photo.file)));
    cache.set(photo.name, facts, sha256);
    return sha256;
  };
  return Promise.all(
    photos.map((photo) =>
      look(async (): Promise<ComparedPhoto> => {
        signal?.throwIfAborted();
        let facts: FileFacts | null = null;
        try {
          facts = await readFileFacts(photo.file);
          return { photo, facts, sha256: await hash(photo, facts) };
        } catch {
          // Indexing it fails as well, and says why.
          return { photo, facts: null, sha256: null };
        } finally {
          onProgress?.(++done);
        }
      }),
    ),
  );
}

async function countItems(engine: Engine, collection: string): Promise<number> {
  try {
    return (await engine.store.getCollection(collection)).count;
  } catch (error) {
    if (asPawdexError(error).code === 'collection_not_found') {
      return 0;
    }
    throw error;
  }
}

async function listItems(engine: Engine, collection: string, filter: ReturnType<typeof originFilter>) {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await engine.store.list(collection, { limit: PAGE, cursor, filter });
    items.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor !== undefined);
  return items;
}

async function findByHash(engine: Engine, collection: string, hashes: readonly string[]): Promise<Item[]> {
  const found: Item[] = [];
  for (let from = 0; from < hashes.length; from += HASHES) {
    const sha256 = hashes.slice(from, from + HASHES);
    const { items } = await engine.store.list(collection, { limit: HASHES, filter: { sha256 } });
    found.push(...items);
  }
  return found;
}
