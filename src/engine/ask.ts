/** Questions about a photo: its breed, what is similar to it, its embedding, and why. */
import { answer } from '../breeds/identify.js';
import { heatMap } from '../image/heat-map.js';
import type { Embedded } from './embedding.js';
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
import { explainAll } from './explain.js';
import { resolveQuery } from './query.js';
import type { EngineParts } from './use-cases.js';

/** The time that an answer took, with the milliseconds of the search. */
function timing(started: number, { decodeMs, embedMs }: Omit<Embedded, 'image'>, searchMs: number): Timing {
  return { decodeMs, embedMs, searchMs, totalMs: performance.now() - started };
}

function modelOf({ encoder }: EngineParts) {
  const { name, fingerprint } = encoder.info;
  return { name, fingerprint };
}

/** See `Engine.identify`. */
export async function identify(
  parts: EngineParts,
  image: Uint8Array,
  options: IdentifyOptions,
): Promise<Identification> {
  const started = performance.now();
  const { collection, views } = options;
  const { calibration } = await parts.spaces.require(collection);
  const asked = await parts.embedder.embed(image, { views, explained: options.explain });
  const { vote } = parts.encoder.card;
  const voters = calibration?.k ?? vote.k;
  const listed = options.k ?? voters;
  const searching = performance.now();
  const hits = await parts.store.search(collection, asked.embedding, { k: Math.max(voters, listed) });
  const searchMs = performance.now() - searching;
  const neighbours = hits.map(({ item, similarity }) => ({
    id: item.id,
    label: item.label,
    similarity,
    source: item.source,
    hasThumbnail: item.hasThumbnail,
  }));
  const decided = answer(neighbours.slice(0, voters), {
    temperature: vote.temperature,
    calibration,
    statistics: parts.statistics?.answer ?? null,
  });
  const shown = neighbours.slice(0, listed);
  return {
    ...decided,
    neighbours: await explainAll(shown, ({ id }) => id, {
      store: parts.store,
      collection,
      explain: asked.explain,
    }),
    model: modelOf(parts),
    timing: timing(started, asked, searchMs),
  };
}

/** See `Engine.search`. */
export async function search(
  parts: EngineParts,
  collection: string,
  query: Query,
  options: SearchOptions,
): Promise<SearchAnswer> {
  const started = performance.now();
  const { store, embedder } = parts;
  const { views, explain: explained, ...searched } = options;
  const { dimension } = await parts.spaces.require(collection);
  const asked = await resolveQuery(query, collection, dimension, store, embedder, { views, explained });
  const searching = performance.now();
  const hits = await store.search(collection, asked.embedding, { ...searched, exclude: asked.exclude });
  const searchMs = performance.now() - searching;
  return {
    hits: await explainAll(hits, ({ item }) => item.id, { store, collection, explain: asked.explain }),
    model: modelOf(parts),
    timing: timing(started, asked, searchMs),
  };
}

/** See `Engine.embed`. */
export async function embed(
  parts: EngineParts,
  image: Uint8Array,
  { views }: LookOptions = {},
): Promise<EmbedAnswer> {
  const started = performance.now();
  const asked = await parts.embedder.embed(image, { views });
  return { embedding: asked.embedding, model: modelOf(parts), timing: timing(started, asked, 0) };
}

/** See `Engine.heatMap`. */
export async function drawHeatMap(
  parts: EngineParts,
  image: Uint8Array,
  { collection, neighbour, views }: HeatMapOptions,
): Promise<Uint8Array> {
  await parts.spaces.require(collection);
  const vector = await parts.store.getVector(collection, neighbour);
  const asked = await parts.embedder.embed(image, { views, explained: true });
  return heatMap(asked.image, asked.explain!(vector));
}
