/** Adds the items of a Parquet file to a collection, and verifies each against its row. */
import { catchAsNull, PawdexError } from '../errors.js';
import { originalsSchema } from '../store/records.js';
import type { CollectionInfo, NewItem, Space, Store } from '../store/store.js';
import { digestItem, type FileItem } from './collection-file.js';
import type { CollectionFileInfo, FileRow } from './collection-file-reader.js';
import { embedPictures } from './embed-pictures.js';
import type { EncoderRuntime } from './encoders.js';
import type { ImportOptions, ImportOutcome } from './engine.js';
import { readItem } from './export-collection.js';
import { choosePicture } from './find-picture.js';
import { type OpenCollectionFile, openCollectionFile } from './open-collection-file.js';
import type { EngineContext } from './spaces.js';

/** Items per write. */
const BATCH = 250;
/** Number of bad rows to list. Others are only counted. */
const MAX_NAMED = 1000;

export async function importCollection(
  context: EngineContext,
  collection: string,
  file: string,
  options: ImportOptions = {},
): Promise<ImportOutcome> {
  const opened = await openCollectionFile(file);
  try {
    return await importRows(context, collection, opened, options);
  } finally {
    await opened.close();
  }
}

async function importRows(
  context: EngineContext,
  collection: string,
  { info, groups }: OpenCollectionFile,
  options: ImportOptions,
): Promise<ImportOutcome> {
  const { name, fingerprint } = await prepareCollection(context, collection, info, options);
  const runtime = info.space?.fingerprint === fingerprint ? null : await context.encoders.find(fingerprint);
  const target = { store: context.store, collection: name, fingerprint, runtime, options };
  const outcome: ImportOutcome = options.resumeFrom?.outcome ?? {
    collection: name,
    total: info.rows,
    created: 0,
    exists: 0,
    verified: 0,
    failed: 0,
    failures: [],
    different: 0,
  };
  let done = options.resumeFrom?.done ?? 0;
  for await (const { firstRow, items, bad } of groups(done, options.signal)) {
    // The bad rows of a group are reported with the first batch of its good rows.
    if (done === firstRow) {
      noteFailures(outcome, bad);
      done += bad.length;
    }
    for (let from = done - firstRow - bad.length; from < items.length; from += BATCH) {
      options.signal?.throwIfAborted();
      const batch = items.slice(from, from + BATCH);
      await importBatch(target, batch, outcome);
      done += batch.length;
      options.onProgress?.({
        phase: runtime === null ? 'importing' : 'embedding',
        done,
        total: outcome.total,
      });
      await options.onBatch?.({ done, outcome });
    }
  }
  return outcome;
}

function noteFailures(outcome: ImportOutcome, bad: ImportOutcome['failures']): void {
  outcome.failed += bad.length;
  outcome.failures.push(...bad.slice(0, MAX_NAMED - outcome.failures.length));
}

/**
 * Opens the collection, or creates it.
 *
 * @throws PawdexError model_mismatch if the file's vectors are from another model and should not be re-embedded
 */
async function prepareCollection(
  { store, encoders, spaces }: EngineContext,
  collection: string,
  { space, description, originals }: CollectionFileInfo,
  { reembed }: ImportOptions,
): Promise<CollectionInfo> {
  const existing = await catchAsNull(store.getCollection(collection), 'collection_not_found');
  const { fingerprint, dimension, name: model } = encoders.primary.encoder.info;
  const own: Space = { fingerprint, dimension, model };
  const isKnown = space !== null && (await encoders.find(space.fingerprint)) !== null;
  const wanted = existing ?? (isKnown ? space : own);
  if (space?.fingerprint !== wanted.fingerprint && reembed !== true) {
    const owner = existing === null ? 'this pawdex runs' : `${collection} was embedded with`;
    throw new PawdexError('model_mismatch', {
      detail: `The vectors in the file are from ${space?.model ?? 'an unnamed model'}; ${owner} ${wanted.model}.`,
      hint:
        space === null
          ? 'Write pawdex.fingerprint and pawdex.dimension into the metadata of the file (docs/parquet.md), or embed the pictures with --reembed and --photos DIR.'
          : `Embed the pictures again with --reembed (and --photos DIR), or add ${space.model} with \`pawdex encoder add\` and import into a new collection.`,
    });
  }
  if (existing !== null) {
    await spaces.require(existing.name);
    return existing;
  }
  const kept = originalsSchema.safeParse(originals).data;
  return store.createCollection({ name: collection, ...wanted, description, originals: kept });
}

interface Target {
  store: Store;
  collection: string;
  fingerprint: string;
  /** The encoder to embed the pictures with, or null if the file's vectors are used. */
  runtime: EncoderRuntime | null;
  options: ImportOptions;
}

async function importBatch(target: Target, batch: FileRow[], outcome: ImportOutcome): Promise<void> {
  const { store, collection, fingerprint, runtime } = target;
  const known = await store.findKnown(
    collection,
    batch.map(({ item }) => item.sha256),
  );
  const isNew = ({ item }: FileRow) => !known.has(item.sha256);
  const fresh =
    runtime === null
      ? batch.map(({ item }) => item)
      : await embedAgain(target, runtime, batch.filter(isNew), outcome);
  const put = await store.put(collection, fresh satisfies NewItem[], fingerprint);
  const created = put.filter(({ status }) => status === 'created').length;
  outcome.created += created;
  outcome.exists += put.length - created + (runtime === null ? 0 : batch.length - batch.filter(isNew).length);
  await verify(
    target,
    fresh,
    put.map(({ id }) => id),
    outcome,
  );
}

/** Compares rows with the stored items. */
async function verify(
  { store, collection }: Target,
  rows: FileItem[],
  ids: string[],
  outcome: ImportOutcome,
): Promise<void> {
  const held = await Promise.all(ids.map((id) => readStored(store, collection, id)));
  rows.forEach((row, i) => {
    const item = held[i] ?? null;
    // Deleted at the same time, so there is nothing to compare.
    if (item === null) {
      return;
    }
    outcome.verified++;
    if (digestItem(item) !== digestItem(row)) {
      outcome.different++;
    }
  });
}

async function readStored(store: Store, collection: string, id: string): Promise<FileItem | null> {
  const both = Promise.all([store.getItem(collection, id), store.getVector(collection, id)]);
  const found = await catchAsNull(both, 'item_not_found');
  return found === null ? null : readItem(store, collection, { ...found[0], vector: found[1] });
}

/** Embeds the pictures of items. Items without a picture are recorded as failures. */
async function embedAgain(
  { options }: Target,
  runtime: EncoderRuntime,
  rows: FileRow[],
  outcome: ImportOutcome,
): Promise<FileItem[]> {
  const find = ({ item }: FileRow) => choosePicture(item, item.original, async () => item.thumbnail, options);
  const embedded = await embedPictures(runtime, rows, find, options.signal);
  return embedded.flatMap((result, i) => {
    const { row, item } = rows[i]!;
    if ('reason' in result) {
      noteFailures(outcome, [{ row, id: item.id, detail: result.reason }]);
      return [];
    }
    return [{ ...item, vector: result.vector }];
  });
}
