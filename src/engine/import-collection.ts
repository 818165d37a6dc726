/** Adds the items of a Parquet file to a collection, and verifies each against its row. */
import { catchAsNull, PawdexError } from '../errors.js';
import { cutIntoBatches } from '../math/group-by.js';
import type { CollectionInfo, NewItem, Space, Store } from '../store/store.js';
import type { CollectionFileInfo, FileRow } from './collection-file-reader.js';
import { embedCopies } from './embed-copies.js';
import type { EncoderRuntime } from './encoders.js';
import type { ImportOptions, ImportOutcome } from './engine.js';
import { readItem } from './export-collection.js';
import { digestItem, type FileItem } from './file-item.js';
import { chooseBestCopy } from './find-best-copy.js';
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
  const opened = await openCollectionFile(file, options.resumeFrom?.done ?? 0);
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
  for await (const { firstRow, items, bad } of groups(options.signal)) {
    // The bad rows of a group are reported with the first batch of its good rows.
    if (done === firstRow) {
      addFailures(outcome, bad);
      done += bad.length;
    }
    for (const batch of cutIntoBatches(items.slice(done - firstRow - bad.length), BATCH)) {
      options.signal?.throwIfAborted();
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

function addFailures(outcome: ImportOutcome, bad: ImportOutcome['failures']): void {
  outcome.failed += bad.length;
  outcome.failures.push(...bad.slice(0, MAX_NAMED - outcome.failures.length));
}

/**
 * Opens the collection, or creates it: with the encoder of the file if its vectors are kept, else with the primary one.
 *
 * @throws PawdexError model_mismatch if the file's vectors are from another encoder and should not be re-embedded
 */
async function prepareCollection(
  { store, encoders, spaces }: EngineContext,
  collection: string,
  { space, description, originals }: CollectionFileInfo,
  { reembed }: ImportOptions,
): Promise<CollectionInfo> {
  const existing = await catchAsNull(store.getCollection(collection), 'collection_not_found');
  const { fingerprint, dimension, name: model } = encoders.primary.encoder.info;
  const primarySpace: Space = { fingerprint, dimension, model };
  const isKept = space !== null && reembed !== true && (await encoders.find(space.fingerprint)) !== null;
  const target = existing ?? (isKept ? space : primarySpace);
  if (space?.fingerprint !== target.fingerprint && reembed !== true) {
    const owner = existing === null ? 'this pawdex runs' : `${collection} was embedded with`;
    throw new PawdexError('model_mismatch', {
      detail: `The vectors in the file are from ${space?.model ?? 'an unnamed encoder'}; ${owner} ${target.model}.`,
      hint:
        space === null
          ? 'Write pawdex.fingerprint and pawdex.dimension into the metadata of the file (docs/parquet.md), or embed the photos with --reembed and --photos DIR.'
          : `Embed the photos again with --reembed (and --photos DIR), or add ${space.model} with \`pawdex encoder add\` and import into a new collection.`,
    });
  }
  if (existing !== null) {
    await spaces.require(existing.name);
    return existing;
  }
  return store.createCollection({
    name: collection,
    ...target,
    description,
    originals,
  });
}

interface Target {
  store: Store;
  collection: string;
  fingerprint: string;
  /** The encoder to embed the photos with, or null if the file's vectors are used. */
  runtime: EncoderRuntime | null;
  options: ImportOptions;
}

async function importBatch(target: Target, batch: FileRow[], outcome: ImportOutcome): Promise<void> {
  const { store, collection, fingerprint, runtime } = target;
  const items =
    runtime === null ? batch.map(({ item }) => item) : await embedNew(target, runtime, batch, outcome);
  const put = await store.put(collection, items satisfies NewItem[], fingerprint);
  const created = put.filter(({ status }) => status === 'created').length;
  outcome.created += created;
  outcome.exists += put.length - created;
  await verify(
    target,
    items,
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
  const stored = await Promise.all(ids.map((id) => readStored(store, collection, id)));
  for (const [i, row] of rows.entries()) {
    const item = stored[i] ?? null;
    // Without an item there is nothing to compare: it was deleted meanwhile.
    if (item !== null) {
      outcome.verified++;
      outcome.different += digestItem(item) === digestItem(row) ? 0 : 1;
    }
  }
}

async function readStored(store: Store, collection: string, id: string): Promise<FileItem | null> {
  const reading = Promise.all([store.getItem(collection, id), store.getVector(collection, id)]);
  const read = await catchAsNull(reading, 'item_not_found');
  return read === null ? null : readItem(store, collection, { ...read[0], vector: read[1] });
}

/** Embeds copies of the photos that the collection does not have. Items without a copy are recorded as failures. */
async function embedNew(
  { store, collection, options }: Target,
  runtime: EncoderRuntime,
  batch: FileRow[],
  outcome: ImportOutcome,
): Promise<FileItem[]> {
  const known = await store.findKnown(
    collection,
    batch.map(({ item }) => item.sha256),
  );
  const rows = batch.filter(({ item }) => !known.has(item.sha256));
  outcome.exists += batch.length - rows.length;
  const find = ({ item }: FileRow) =>
    chooseBestCopy(item, item.original, async () => item.thumbnail, options);
  const embedded = await embedCopies(runtime, rows, find, options.signal);
  return embedded.flatMap((result, i) => {
    const { row, item } = rows[i]!;
    if ('reason' in result) {
      addFailures(outcome, [{ row, id: item.id, detail: result.reason }]);
      return [];
    }
    return [{ ...item, vector: result.vector }];
  });
}
