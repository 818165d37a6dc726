/**
 * Identifies what a photo shows, from the whole photo and, if that is unclear, from parts of it. An encoder sees the centre
 * square of a photo, so an animal at the edge may be cut off or missing. Each embedding of the photo or of a part is called a
 * look; `choose-look.ts` decides which one answers.
 */
import type { BreedAnswer } from '../breeds/breed-answer.js';
import type { Calibration } from '../breeds/calibration.js';
import { identifyBreed } from '../breeds/identify-breed.js';
import { findNearestNonPets, measureNonPetSimilarity } from '../breeds/non-pets.js';
import { readUprightSize } from '../image/decode.js';
import { decodeEnds, hasEnds } from '../image/decode-views.js';
import { computeCentreSquare, mapToPhoto, type Rectangle, type Size, WHOLE_PHOTO } from '../image/regions.js';
import type { Store } from '../store/store.js';
import {
  chooseLook,
  isClear,
  listAnimals,
  needsCloseUp,
  shouldLookAgain,
  shouldSeekAnimals,
} from './choose-look.js';
import { computeContrast, embedCloseUp } from './close-up.js';
import { describeModel, type EncoderRuntime } from './encoders.js';
import type { Identification, IdentifyOptions, Neighbour } from './engine.js';
import { addExplanations, findVector } from './explain-neighbours.js';
import type { Embedded, EmbeddedRegion } from './image-embedder.js';
import type { EngineContext } from './spaces.js';

/** What identifying a photo needs. */
interface IdentifyContext {
  store: Store;
  collection: string;
  /** The encoder that the collection was embedded with. */
  runtime: EncoderRuntime;
  calibration: Calibration | null;
  /** Number of neighbours to list. */
  listed: number;
}

/** What a look at a photo or at a part of it found. */
interface Look extends Pick<Embedded, 'explain'> {
  answer: BreedAnswer;
  neighbours: Neighbour[];
  /** Ids of the nearest items, used to choose a close-up. */
  nearest: string[];
  /** In fractions of the upright photo. */
  region: Rectangle;
  searchMs: number;
}

/** Number of neighbours, and of non-pets, used to choose a close-up. */
const CLOSE_UP_NEAREST = 5;

/** See `Engine.identify`. */
export function identifyPhoto(
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
    const { looks, chosen, secondLookMs } = await lookAtPhoto(context, photo, options);
    const { answer, region, neighbours, explain } = chosen;
    return {
      ...answer,
      region: mapToPhoto(region, part ?? WHOLE_PHOTO),
      animals: listAnimals(looks),
      neighbours: await addExplanations(neighbours, { store, collection, explain, part }),
      model: describeModel(runtime),
      timing: {
        decodeMs: photo.decodeMs,
        embedMs: photo.embedMs + secondLookMs,
        searchMs: looks.reduce((sum, look) => sum + look.searchMs, 0),
        totalMs: performance.now() - started,
      },
    };
  });
}

/** All looks at a photo, starting with the whole. */
interface IdentifiedPhoto {
  looks: Look[];
  /** The look that gives the answer. */
  chosen: Look;
  /** Time for further looks, without their searches. */
  secondLookMs: number;
}

/** Looks at the whole photo and, if the answer is unclear, at parts of it. */
async function lookAtPhoto(
  context: IdentifyContext,
  photo: Embedded,
  options: IdentifyOptions,
): Promise<IdentifiedPhoto> {
  const [size, identified] = await Promise.all([
    readUprightSize(photo.image),
    identifyEmbedding(context, photo.embedding),
  ]);
  const first: Look = {
    ...identified,
    // Five views show all of the photo, the others its centre.
    region: options.views === '5' ? WHOLE_PHOTO : computeCentreSquare(size),
    explain: photo.explain,
  };
  const isUnclear = shouldLookAgain(first.answer, options);
  if (!isUnclear && !shouldSeekAnimals(first.answer, options)) {
    return { looks: [first], chosen: first, secondLookMs: 0 };
  }
  const started = performance.now();
  const others = await lookAgain(context, photo, size, first);
  const searchMs = others.reduce((sum, look) => sum + look.searchMs, 0);
  return {
    looks: [first, ...others],
    chosen: isUnclear ? chooseLook(first, others) : first,
    secondLookMs: performance.now() - started - searchMs,
  };
}

/** Identifies the breed from the neighbours of an embedding. */
async function identifyEmbedding(
  { store, collection, runtime, calibration, listed }: IdentifyContext,
  embedding: Float32Array,
): Promise<Pick<Look, 'answer' | 'neighbours' | 'nearest' | 'searchMs'>> {
  const { encoder, statistics } = runtime;
  const { vote } = encoder.card;
  const voters = calibration?.k ?? vote.k;
  const searchStarted = performance.now();
  const hits = await store.search(collection, embedding, {
    k: Math.max(voters, listed),
    space: encoder.info.fingerprint,
  });
  const searchMs = performance.now() - searchStarted;
  const neighbours = hits.map(({ item, similarity }) => ({
    id: item.id,
    label: item.label,
    similarity,
    source: item.source,
    hasThumbnail: item.hasThumbnail,
  }));
  const answer = identifyBreed(
    neighbours.slice(0, voters),
    { temperature: vote.temperature, calibration, statistics: statistics?.answer },
    measureNonPetSimilarity(embedding, statistics?.nonPets),
  );
  const nearest = neighbours.slice(0, CLOSE_UP_NEAREST).map(({ id }) => id);
  return { answer, neighbours: neighbours.slice(0, listed), nearest, searchMs };
}

/**
 * Looks at both ends of a photo and, if it is still unclear, at the part where a small animal may be.
 *
 * @param size of the upright photo
 * @param first the look at the whole photo
 */
async function lookAgain(
  context: IdentifyContext,
  photo: Embedded,
  size: Size,
  first: Look,
): Promise<Look[]> {
  const { embedder } = context.runtime;
  const lookAtRegion = async ({ embedding, ...region }: EmbeddedRegion): Promise<Look> => ({
    ...(await identifyEmbedding(context, embedding)),
    ...region,
  });
  const embeddedEnds = hasEnds(size)
    ? await embedder.embedParts(2, (rule) => decodeEnds(photo.image, size, rule), photo.explain !== null)
    : [];
  const ends = await Promise.all(embeddedEnds.map(lookAtRegion));
  if (!needsCloseUp(first.answer, ends)) {
    return ends;
  }
  const contrast = await computePetContrast(context, photo.embedding, first.nearest);
  const embedded = contrast === null ? null : await embedCloseUp(embedder, photo, size, contrast);
  const closeUp = embedded === null ? null : await lookAtRegion(embedded);
  return closeUp !== null && isClear(closeUp.answer) ? [...ends, closeUp] : ends;
}

/** Computes the direction from non-pets to the nearest items; null if they were deleted meanwhile. */
async function computePetContrast(
  { store, collection, runtime: { statistics } }: IdentifyContext,
  embedding: Float32Array,
  nearest: readonly string[],
): Promise<Float32Array | null> {
  const vectors = await Promise.all(nearest.map((id) => findVector(store, collection, id)));
  const neighbours = vectors.filter((vector) => vector !== null);
  const nonPets =
    statistics === null ? [] : findNearestNonPets(embedding, statistics.nonPets, CLOSE_UP_NEAREST);
  return neighbours.length === 0 ? null : computeContrast(neighbours, nonPets);
}
