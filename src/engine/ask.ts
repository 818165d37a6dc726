/** Answers questions about a photo: its breed, similar items, its embedding, and where a similarity comes from. */
import type { Calibration } from '../breeds/calibration.js';
import { renderHeatMap } from '../image/heat-map.js';
import { mapToPhoto, type Rectangle } from '../image/regions.js';
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
import type { Embedded } from './image-embedder.js';
import { listAnimals, lookAtPhoto } from './look-at-photo.js';
import { resolveQuery } from './resolve-query.js';
import { type EngineParts, runInSpace } from './spaces.js';

/** Adds up the time that an answer took. */
function measureTiming(
  started: number,
  { decodeMs, embedMs }: Omit<Embedded, 'image'>,
  searchMs: number,
): Timing {
  return { decodeMs, embedMs, searchMs, totalMs: performance.now() - started };
}

function describeModel({ encoder }: EngineParts) {
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
  parts: EngineParts,
  photo: Uint8Array,
  options: IdentifyOptions,
): Promise<Identification> {
  return runInSpace(parts, options.collection, (spaceParts, { calibration }) =>
    identifyWith(spaceParts, calibration, photo, options),
  );
}

async function identifyWith(
  parts: EngineParts,
  calibration: Calibration | null,
  photo: Uint8Array,
  options: IdentifyOptions,
): Promise<Identification> {
  const started = performance.now();
  const { collection, views, explain, region: part } = options;
  const asked = await parts.embedder.embed(photo, { views, region: part, explained: explain });
  const listed = options.k ?? calibration?.k ?? parts.encoder.card.vote.k;
  const { looks, chosen, againMs } = await lookAtPhoto(
    parts,
    asked,
    { collection, calibration, listed },
    options,
  );
  const searchMs = looks.reduce((sum, look) => sum + look.searchMs, 0);
  return {
    ...chosen.decided,
    region: part === undefined ? chosen.region : mapToPhoto(chosen.region, part),
    animals: listAnimals(looks),
    neighbours: await addExplanations(chosen.neighbours, {
      store: parts.store,
      collection,
      explain: explainInPhoto(chosen.explain, part),
    }),
    model: describeModel(parts),
    timing: measureTiming(started, { ...asked, embedMs: asked.embedMs + againMs }, searchMs),
  };
}

export function search(
  parts: EngineParts,
  collection: string,
  query: Query,
  options: SearchOptions,
): Promise<SearchAnswer> {
  return runInSpace(parts, collection, (spaceParts) => searchWith(spaceParts, collection, query, options));
}

async function searchWith(
  parts: EngineParts,
  collection: string,
  query: Query,
  options: SearchOptions,
): Promise<SearchAnswer> {
  const started = performance.now();
  const { store } = parts;
  const { views, explain: explained, region, ...searched } = options;
  const asked = await resolveQuery(parts, collection, query, { views, region, explained });
  const searching = performance.now();
  const hits = await store.search(collection, asked.embedding, {
    ...searched,
    exclude: asked.exclude,
    space: parts.encoder.info.fingerprint,
  });
  const searchMs = performance.now() - searching;
  const found = hits.map(({ item, similarity }) => ({ ...item, similarity }));
  return {
    neighbours: await addExplanations(found, {
      store,
      collection,
      explain: explainInPhoto(asked.explain, region),
    }),
    model: describeModel(parts),
    timing: measureTiming(started, asked, searchMs),
  };
}

export async function embed(
  parts: EngineParts,
  image: Uint8Array,
  { views, region }: LookOptions = {},
): Promise<EmbedAnswer> {
  const started = performance.now();
  const asked = await parts.embedder.embed(image, { views, region });
  return {
    embedding: asked.embedding,
    model: describeModel(parts),
    timing: measureTiming(started, asked, 0),
  };
}

export function drawHeatMap(
  parts: EngineParts,
  image: Uint8Array,
  { collection, neighbour, views, region }: HeatMapOptions,
): Promise<Uint8Array> {
  return runInSpace(parts, collection, async (spaceParts) => {
    const vector = await spaceParts.store.getVector(collection, neighbour);
    const asked = await spaceParts.embedder.embed(image, { views, region, explained: true });
    return renderHeatMap(asked.image, asked.explain!(vector));
  });
}
