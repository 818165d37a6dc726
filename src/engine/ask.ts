/** Answers questions about a photo: its breed, similar items, its embedding, and where a similarity comes from. */
import type { Calibration } from '../breeds/calibration.js';
import { type BreedAnswer, identifyBreed } from '../breeds/identify-breed.js';
import { findNearestNonPets, measureNonPetSimilarity } from '../breeds/non-pets.js';
import { mapToPhoto } from '../image/crop.js';
import { readUprightSize, type Size } from '../image/decode.js';
import { computeCentreSquare, type Rectangle } from '../image/heat-colours.js';
import { renderHeatMap } from '../image/heat-map.js';
import { computeContrast } from './close-up.js';
import type {
  EmbedAnswer,
  HeatMapOptions,
  Identification,
  IdentifyOptions,
  LookOptions,
  Neighbour,
  Query,
  SearchAnswer,
  SearchOptions,
  Timing,
} from './engine.js';
import { addExplanations } from './explain-neighbours.js';
import { findVector } from './find-vector.js';
import type { Embedded, EmbeddedRegion } from './image-embedder.js';
import { resolveQuery } from './resolve-query.js';
import {
  chooseLook,
  isClear,
  listAnimals,
  needsCloseUp,
  shouldLookAgain,
  shouldSeekAnimals,
} from './second-look.js';
import { type EngineParts, inSpaceOf } from './use-cases.js';

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

/** Finds the part of a photo that the encoder sees. */
function findSeenRegion(size: Size, views: LookOptions['views']): Rectangle {
  return views === '5' ? { left: 0, top: 0, width: 1, height: 1 } : computeCentreSquare(size);
}

/** Crops the photo to the given region, if there is one. */
function cropToRegion(
  { embedder }: EngineParts,
  image: Uint8Array,
  region: Rectangle | undefined,
): Promise<Uint8Array> | Uint8Array {
  return region === undefined ? image : embedder.crop(image, region);
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

/** Settings of {@link judge}. */
interface JudgeOptions {
  collection: string;
  calibration: Calibration | null;
  /** Number of neighbours to list. */
  listed: number;
}

/** What a look at a photo, or at a part of it, found. */
interface JudgedLook extends Pick<Embedded, 'explain'> {
  decided: BreedAnswer;
  neighbours: Neighbour[];
  /** Ids of the nearest items, as many as a close-up is chosen by. */
  nearest: string[];
  /** In fractions of the upright photo. */
  region: Rectangle;
  searchMs: number;
}

/** How many neighbours, and photos without pets, a close-up is chosen by. */
const CLOSE_UP_NEAREST = 5;

/** Identifies the breed from the neighbours of an embedding. */
async function judge(
  { encoder, store, statistics }: EngineParts,
  embedding: Float32Array,
  { collection, calibration, listed }: JudgeOptions,
): Promise<Pick<JudgedLook, 'decided' | 'neighbours' | 'nearest' | 'searchMs'>> {
  const { vote } = encoder.card;
  const voters = calibration?.k ?? vote.k;
  const searching = performance.now();
  const hits = await store.search(collection, embedding, {
    k: Math.max(voters, listed),
    space: encoder.info.fingerprint,
  });
  const searchMs = performance.now() - searching;
  const neighbours = hits.map(({ item, similarity }) => ({
    id: item.id,
    label: item.label,
    similarity,
    source: item.source,
    hasThumbnail: item.hasThumbnail,
  }));
  const decided = identifyBreed(
    neighbours.slice(0, voters),
    { temperature: vote.temperature, calibration, statistics: statistics?.answer ?? null },
    // Only calibrations with a `pet` model use it.
    statistics === null || (calibration?.pet ?? statistics.answer.pet) === undefined
      ? null
      : measureNonPetSimilarity(embedding, statistics.nonPets),
  );
  const nearest = neighbours.slice(0, CLOSE_UP_NEAREST).map(({ id }) => id);
  return { decided, neighbours: neighbours.slice(0, listed), nearest, searchMs };
}

/**
 * Looks at both ends of a photo, and if it is still unclear what that shows, at the part where a small animal may be.
 *
 * @param first the look at the whole photo
 */
async function lookAgain(
  parts: EngineParts,
  asked: Embedded,
  first: JudgedLook,
  { size, judging }: { size: Size; judging: JudgeOptions },
): Promise<JudgedLook[]> {
  const { embedder, statistics, store } = parts;
  const judgeRegion = async ({ embedding, ...seen }: EmbeddedRegion) => ({
    ...(await judge(parts, embedding, judging)),
    ...seen,
  });
  const ends: JudgedLook[] = [];
  for (const end of await embedder.embedEnds(asked, size)) {
    ends.push(await judgeRegion(end));
  }
  if (!needsCloseUp(first.decided, ends)) {
    return ends;
  }
  const vectors = await Promise.all(first.nearest.map((id) => findVector(store, judging.collection, id)));
  const found = vectors.filter((vector) => vector !== null);
  const nonPets =
    statistics === null ? [] : findNearestNonPets(asked.embedding, statistics.nonPets, CLOSE_UP_NEAREST);
  const embedded =
    found.length === 0 ? null : await embedder.embedCloseUp(asked, size, computeContrast(found, nonPets));
  const closeUp = embedded === null ? null : await judgeRegion(embedded);
  return closeUp !== null && isClear(closeUp.decided) ? [...ends, closeUp] : ends;
}

/** See `Engine.identify`. */
export function identify(
  parts: EngineParts,
  photo: Uint8Array,
  options: IdentifyOptions,
): Promise<Identification> {
  return inSpaceOf(parts, options.collection, (here, { calibration }) =>
    identifyWith(here, calibration, photo, options),
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
  const asked = await parts.embedder.embed(await cropToRegion(parts, photo, part), {
    views,
    explained: explain,
  });
  const listed = options.k ?? calibration?.k ?? parts.encoder.card.vote.k;
  const { looks, chosen, againMs } = await lookAt(parts, asked, { collection, calibration, listed }, options);
  const searchMs = looks.reduce((sum, look) => sum + look.searchMs, 0);
  return {
    ...chosen.decided,
    region: part === undefined ? chosen.region : mapToPhoto(chosen.region, part),
    animals: listAnimals(looks),
    neighbours: await addExplanations(chosen.neighbours, ({ id }) => id, {
      store: parts.store,
      collection,
      explain: explainInPhoto(chosen.explain, part),
    }),
    model: describeModel(parts),
    timing: measureTiming(started, { ...asked, embedMs: asked.embedMs + againMs }, searchMs),
  };
}

/** All looks at a photo, the whole first. */
interface Looks {
  looks: JudgedLook[];
  /** The one that the answer is taken from. */
  chosen: JudgedLook;
  /** Time that further looks took, without their searches. */
  againMs: number;
}

/** Judges the whole photo, and parts of it if that leaves open what it shows. */
async function lookAt(
  parts: EngineParts,
  asked: Embedded,
  judging: JudgeOptions,
  options: IdentifyOptions,
): Promise<Looks> {
  const size = await readUprightSize(asked.image);
  const first: JudgedLook = {
    ...(await judge(parts, asked.embedding, judging)),
    region: findSeenRegion(size, options.views),
    explain: asked.explain,
  };
  const isUnclear = shouldLookAgain(first.decided, options);
  if (!isUnclear && !shouldSeekAnimals(first.decided, options)) {
    return { looks: [first], chosen: first, againMs: 0 };
  }
  const again = performance.now();
  const others = await lookAgain(parts, asked, first, { size, judging });
  const searchMs = others.reduce((sum, look) => sum + look.searchMs, 0);
  return {
    looks: [first, ...others],
    chosen: isUnclear ? chooseLook(first, others) : first,
    againMs: performance.now() - again - searchMs,
  };
}

/** See `Engine.search`. */
export function search(
  parts: EngineParts,
  collection: string,
  query: Query,
  options: SearchOptions,
): Promise<SearchAnswer> {
  return inSpaceOf(parts, collection, (here) => searchWith(here, collection, query, options));
}

async function searchWith(
  parts: EngineParts,
  collection: string,
  query: Query,
  options: SearchOptions,
): Promise<SearchAnswer> {
  const started = performance.now();
  const { store, embedder } = parts;
  const { views, explain: explained, region, ...searched } = options;
  const { dimension, fingerprint: space } = parts.encoder.info;
  const looked = 'image' in query ? { image: await cropToRegion(parts, query.image, region) } : query;
  const asked = await resolveQuery(looked, collection, dimension, store, embedder, { views, explained });
  const searching = performance.now();
  const hits = await store.search(collection, asked.embedding, {
    ...searched,
    exclude: asked.exclude,
    space,
  });
  const searchMs = performance.now() - searching;
  return {
    hits: await addExplanations(hits, ({ item }) => item.id, {
      store,
      collection,
      explain: explainInPhoto(asked.explain, region),
    }),
    model: describeModel(parts),
    timing: measureTiming(started, asked, searchMs),
  };
}

/** See `Engine.embed`. */
export async function embed(
  parts: EngineParts,
  image: Uint8Array,
  { views, region }: LookOptions = {},
): Promise<EmbedAnswer> {
  const started = performance.now();
  const asked = await parts.embedder.embed(await cropToRegion(parts, image, region), { views });
  return {
    embedding: asked.embedding,
    model: describeModel(parts),
    timing: measureTiming(started, asked, 0),
  };
}

/** See `Engine.drawHeatMap`. */
export function drawHeatMap(
  parts: EngineParts,
  image: Uint8Array,
  { collection, neighbour, views, region }: HeatMapOptions,
): Promise<Uint8Array> {
  return inSpaceOf(parts, collection, async (here) => {
    const vector = await here.store.getVector(collection, neighbour);
    const part = await cropToRegion(here, image, region);
    const asked = await here.embedder.embed(part, { views, explained: true });
    return renderHeatMap(asked.image, asked.explain!(vector));
  });
}
