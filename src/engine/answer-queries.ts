/** Answers queries: the breed on a photo, similar items, an embedding, and where a similarity comes from. */
import { renderHeatMap } from '../image/heat-map.js';
import { mapToPhoto, type Rectangle } from '../image/regions.js';
import type { EncoderRuntime } from './encoders.js';
import type {
  EmbedAnswer,
  HeatMapOptions,
  Identification,
  IdentifyOptions,
  LookOptions,
  Query,
  SearchAnswer,
  SearchOptions,
  Timing,
} from './engine.js';
import { addExplanations } from './explain-neighbours.js';
import { identifyPhoto, listAnimals } from './identify-photo.js';
import type { Embedded } from './image-embedder.js';
import { resolveQuery } from './resolve-query.js';
import type { EngineContext } from './spaces.js';

/** Adds up the time that an answer took. */
function measureTiming(
  started: number,
  { decodeMs, embedMs }: Omit<Embedded, 'image'>,
  searchMs: number,
): Timing {
  return { decodeMs, embedMs, searchMs, totalMs: performance.now() - started };
}

function toModel({ encoder }: EncoderRuntime) {
  const { name, fingerprint } = encoder.info;
  return { name, fingerprint };
}

/** Maps the explanation of a part of a photo to the whole photo. */
function explainInPhoto(explain: Embedded['explain'], part: Rectangle | undefined): Embedded['explain'] {
  if (explain === null || part === undefined) {
    return explain;
  }
  return (vector) => {
    const explanation = explain(vector);
    return { ...explanation, region: mapToPhoto(explanation.region, part) };
  };
}

export function identify(
  { store, spaces }: EngineContext,
  image: Uint8Array,
  options: IdentifyOptions,
): Promise<Identification> {
  const { collection, views, explain: explained, region: part } = options;
  return spaces.run(collection, async ({ runtime, calibration }) => {
    const started = performance.now();
    const photo = await runtime.embedder.embed(image, { views, region: part, explained });
    const listed = options.k ?? calibration?.k ?? runtime.encoder.card.vote.k;
    const context = { store, collection, runtime, calibration, listed };
    const { looks, chosen, secondLookMs } = await identifyPhoto(context, photo, options);
    const searchMs = looks.reduce((sum, look) => sum + look.searchMs, 0);
    return {
      ...chosen.answer,
      region: part === undefined ? chosen.region : mapToPhoto(chosen.region, part),
      animals: listAnimals(looks),
      neighbours: await addExplanations(chosen.neighbours, {
        store,
        collection,
        explain: explainInPhoto(chosen.explain, part),
      }),
      model: toModel(runtime),
      timing: measureTiming(started, { ...photo, embedMs: photo.embedMs + secondLookMs }, searchMs),
    };
  });
}

export function search(
  { store, spaces }: EngineContext,
  collection: string,
  query: Query,
  options: SearchOptions,
): Promise<SearchAnswer> {
  const { views, explain: explained, region, ...searchOptions } = options;
  return spaces.run(collection, async ({ runtime }) => {
    const started = performance.now();
    const resolved = await resolveQuery({ store, collection, runtime }, query, { views, region, explained });
    const searchStarted = performance.now();
    const hits = await store.search(collection, resolved.embedding, {
      ...searchOptions,
      exclude: resolved.exclude,
      space: runtime.encoder.info.fingerprint,
    });
    const searchMs = performance.now() - searchStarted;
    const neighbours = hits.map(({ item, similarity }) => ({ ...item, similarity }));
    return {
      neighbours: await addExplanations(neighbours, {
        store,
        collection,
        explain: explainInPhoto(resolved.explain, region),
      }),
      model: toModel(runtime),
      timing: measureTiming(started, resolved, searchMs),
    };
  });
}

export async function embed(
  { encoders: { primary } }: EngineContext,
  image: Uint8Array,
  { views, region }: LookOptions = {},
): Promise<EmbedAnswer> {
  const started = performance.now();
  const embedded = await primary.embedder.embed(image, { views, region });
  return {
    embedding: embedded.embedding,
    model: toModel(primary),
    timing: measureTiming(started, embedded, 0),
  };
}

export function drawHeatMap(
  { store, spaces }: EngineContext,
  image: Uint8Array,
  { collection, neighbour, views, region }: HeatMapOptions,
): Promise<Uint8Array> {
  return spaces.run(collection, async ({ runtime }) => {
    const vector = await store.getVector(collection, neighbour);
    const photo = await runtime.embedder.embed(image, { views, region, explained: true });
    return renderHeatMap(photo.image, photo.explain!(vector));
  });
}
