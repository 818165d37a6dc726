/**
 * Adds images to a collection: hashes them, skips known ones, decodes and embeds the others, and stores them in one
 * write.
 */
import { asPawdexError, describeFailure } from '../errors.js';
import { computeSha256Async } from '../files/sha256.js';
import { makeReducedOriginal, makeThumbnail } from '../image/thumbnail.js';
import type { NewItem, Originals } from '../store/store.js';
import type { EncoderRuntime } from './encoders.js';
import type { AddResult, ItemInput, LocalAddOptions } from './engine.js';
import type { EmbedOne } from './image-embedder.js';
import type { CollectionSpace, EngineContext } from './spaces.js';

/** Length of an item's id: the first hex digits of its content's sha256 (128 bits). */
const ID_LENGTH = 32;

/** One result per input, in order; see `Engine.addItems`. */
export function addItems(
  context: EngineContext,
  collection: string,
  inputs: ItemInput[],
  { upsert, newHashes }: LocalAddOptions = {},
): Promise<AddResult[]> {
  return context.spaces.run(collection, async (space) => {
    const results = await addNew(context, space, collection, inputs, newHashes);
    if (!upsert) {
      return results;
    }
    for (const [i, result] of results.entries()) {
      if (result.status === 'exists') {
        results[i] = await updateDescription(context, collection, result, inputs[i]!);
      }
    }
    return results;
  });
}

/** Updates an existing item with the label, source and metadata that came with the same image. */
async function updateDescription(
  { store }: EngineContext,
  collection: string,
  existing: { id: string; label: string | null },
  { label, source, metadata }: ItemInput,
): Promise<AddResult> {
  const { id } = existing;
  if (label === undefined && source === undefined && metadata === undefined) {
    return { status: 'exists', ...existing };
  }
  const updated = await store.updateItem(collection, id, { label, source, metadata });
  return { status: 'updated', id, label: updated.label };
}

/** Index of the first occurrence of each unknown content. */
function findFirst(hashes: readonly string[], known: ReadonlyMap<string, unknown>): Map<string, number> {
  const first = new Map<string, number>();
  hashes.forEach((hash, i) => {
    if (!known.has(hash) && !first.has(hash)) {
      first.set(hash, i);
    }
  });
  return first;
}

/** Adds the images that are new, and reports the others as existing. */
async function addNew(
  { store, encoders }: EngineContext,
  { runtime: { embedder, encoder }, originals, movingTo }: CollectionSpace,
  collection: string,
  inputs: ItemInput[],
  newHashes?: readonly string[],
): Promise<AddResult[]> {
  const target = movingTo === null ? null : await encoders.find(movingTo);
  const hashes = newHashes ?? (await Promise.all(inputs.map((input) => computeSha256Async(input.image))));
  const known =
    newHashes === undefined
      ? await store.findKnown(collection, [...new Set(hashes)])
      : new Map<string, { id: string; label: string | null }>();
  const first = findFirst(hashes, known);
  const prepareAll = (embedForTarget: EmbedOne | null) =>
    embedder.embedInBulk(first.size, (embed) => {
      const tools = { embed, embedForTarget, target, originals, pixels: encoder.info.resize.size };
      const prepareOne = ([hash, i]: [string, number]) => prepare(inputs[i]!, hash, tools).catch(toFailure);
      return Promise.all([...first].map(prepareOne));
    });
  const prepared = await (target === null
    ? prepareAll(null)
    : target.embedder.embedInBulk(first.size, prepareAll));
  const items = prepared.filter((outcome) => 'vector' in outcome);
  const stored = items.length === 0 ? [] : await store.put(collection, items, encoder.info.fingerprint);

  const results = new Map<string, AddResult>();
  for (const [hash, item] of known) {
    results.set(hash, { status: 'exists', ...item });
  }
  for (const [n, hash] of [...first.keys()].entries()) {
    const outcome = prepared[n]!;
    if ('status' in outcome) {
      results.set(hash, outcome);
    }
  }
  stored.forEach((result, n) => {
    results.set(items[n]!.sha256, result);
  });
  return hashes.map((hash, i) => {
    const result = results.get(hash)!;
    const isRepeated = result.status !== 'failed' && first.get(hash) !== i;
    return isRepeated ? { status: 'exists', id: result.id, label: result.label } : result;
  });
}

/** What turning an image into an item needs. */
interface PrepareTools {
  embed: EmbedOne;
  /** The same for `target`, the encoder that the collection is moving to. */
  embedForTarget: EmbedOne | null;
  target: EncoderRuntime | null;
  originals: Originals;
  /** Side of the encoder's input, in pixels. */
  pixels: number;
}

async function prepare(input: ItemInput, sha256: string, tools: PrepareTools): Promise<NewItem> {
  const { embed, embedForTarget, target, originals } = tools;
  let thumbnail: Uint8Array | null = null;
  const { embedding, image } = await embed(input.image, async (pixels) => {
    thumbnail = await makeThumbnail(input.image, pixels, tools.pixels);
  });
  const item: NewItem = {
    id: sha256.slice(0, ID_LENGTH),
    label: input.label ?? null,
    source: input.source ?? null,
    sha256,
    size: input.image.length,
    metadata: input.metadata ?? {},
    thumbnail,
    vector: embedding,
    original:
      originals === 'off' ? null : originals === 'full' ? input.image : await makeReducedOriginal(image),
  };
  if (embedForTarget !== null && target !== null) {
    const { fingerprint } = target.encoder.info;
    item.successorVector = { fingerprint, vector: (await embedForTarget(input.image)).embedding };
  }
  return item;
}

/** Converts the error of one image to its result. Errors of the service itself fail the whole call. */
export function toFailure(error: unknown): Extract<AddResult, { status: 'failed' }> {
  if (asPawdexError(error).status >= 500) {
    throw error;
  }
  return { status: 'failed', error: describeFailure(error) };
}
