/**
 * Identifies what a photo shows, from the whole photo and, if that is unclear, from parts of it. An encoder sees the centre
 * square of a photo, so an animal at the edge may be cut off or missing. Each embedding of the photo or of a part is called a
 * look. The look to answer with is chosen by the probability that the collection contains what it shows, not by breed or
 * confidence, so that a second look does not make wrong answers confident. docs/evaluation.md measures the effect.
 */
import type { Calibration } from '../breeds/calibration.js';
import { type BreedAnswer, identifyBreed } from '../breeds/identify-breed.js';
import { findNearestNonPets, measureNonPetSimilarity } from '../breeds/non-pets.js';
import { readUprightSize } from '../image/decode.js';
import { computeCentreSquare, type Rectangle, type Size } from '../image/regions.js';
import type { Store } from '../store/store.js';
import { computeContrast } from './close-up.js';
import type { EncoderRuntime } from './encoders.js';
import type { Animal, IdentifyOptions, LookOptions, Neighbour } from './engine.js';
import { findVector } from './explain-neighbours.js';
import type { Embedded, EmbeddedRegion } from './image-embedder.js';

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

/** A photo is looked at again if its first look is less likely to be known, and only a look that is more likely counts. */
const MIN_KNOWN = 0.5;
/** A close-up must be at least this likely to be known: it shows what looks most like a pet, whatever that is. */
const MIN_CLOSE_UP_KNOWN = 0.8;

/** Number of neighbours, and of non-pets, used to choose a close-up. */
const CLOSE_UP_NEAREST = 5;

type Verdict = Pick<BreedAnswer, 'decision' | 'known'>;

const isKnown = ({ known }: Verdict, min: number) => known !== null && known >= min;

/** Whether the caller left open where to look, in a collection that can tell what it contains. */
const mayLookAgain = (
  { known }: Verdict,
  { views = '1', region }: Pick<IdentifyOptions, 'views' | 'region'>,
) => known !== null && views === '1' && region === undefined;

/**
 * Whether a second look is worthwhile: if the collection may not contain what the first look shows, and the caller chose
 * neither the region nor views. A breed that is merely ambiguous does not get clearer.
 */
export function shouldLookAgain(
  verdict: Verdict,
  options: Pick<IdentifyOptions, 'views' | 'region'>,
): boolean {
  return mayLookAgain(verdict, options) && !isKnown(verdict, MIN_KNOWN);
}

/** Whether to look for animals in addition to what the first look shows. */
export function shouldSeekAnimals(
  verdict: Verdict,
  options: Pick<IdentifyOptions, 'views' | 'region' | 'animals'>,
): boolean {
  return options.animals === true && mayLookAgain(verdict, options);
}

/** Whether a close-up is worthwhile: without a match, and if both ends of the photo are as unclear as the first look. */
export function needsCloseUp(first: Verdict, ends: readonly { answer: Verdict }[]): boolean {
  const isUnclear = (verdict: Verdict) => !isKnown(verdict, MIN_KNOWN);
  return first.decision !== 'match' && isUnclear(first) && ends.every(({ answer }) => isUnclear(answer));
}

/** Whether a close-up may answer. */
export function isClear(verdict: Verdict): boolean {
  return isKnown(verdict, MIN_CLOSE_UP_KNOWN);
}

/** Chooses the look that is most probably known; the first one wins ties, and if no other is probably known. */
export function chooseLook<L extends { answer: Verdict }>(first: L, others: readonly L[]): L {
  return others
    .filter(({ answer }) => isKnown(answer, MIN_KNOWN))
    .reduce((best, look) => (look.answer.known! > (best.answer.known ?? 0) ? look : best), first);
}

/**
 * Lists the animals in a photo if looks at its parts match different breeds: each breed once, with its most confident look.
 *
 * @returns an empty array unless there are at least two breeds
 */
export function listAnimals(
  looks: readonly { answer: Pick<BreedAnswer, 'decision' | 'breed' | 'confidence'>; region: Rectangle }[],
): Animal[] {
  const animals = new Map<string, Animal>();
  for (const { answer, region } of looks) {
    const { decision, breed, confidence } = answer;
    if (decision === 'match' && breed !== null && confidence > (animals.get(breed)?.confidence ?? 0)) {
      animals.set(breed, { breed, confidence, region });
    }
  }
  return animals.size > 1 ? [...animals.values()].sort((a, b) => b.confidence - a.confidence) : [];
}

/** Finds the part of a photo that the encoder sees. */
function findSeenRegion(size: Size, views: LookOptions['views']): Rectangle {
  return views === '5' ? { left: 0, top: 0, width: 1, height: 1 } : computeCentreSquare(size);
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
    { temperature: vote.temperature, calibration, statistics: statistics?.answer ?? null },
    // Only calibrations with a `pet` model use it.
    statistics === null || (calibration?.pet ?? statistics.answer.pet) === undefined
      ? null
      : measureNonPetSimilarity(embedding, statistics.nonPets),
  );
  const nearest = neighbours.slice(0, CLOSE_UP_NEAREST).map(({ id }) => id);
  return { answer, neighbours: neighbours.slice(0, listed), nearest, searchMs };
}

/**
 * Looks at both ends of a photo and, if it is still unclear, at the part where a small animal may be.
 *
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
  const ends = await Promise.all((await embedder.embedEnds(photo, size)).map(lookAtRegion));
  if (!needsCloseUp(first.answer, ends)) {
    return ends;
  }
  const contrast = await computePetContrast(context, photo.embedding, first.nearest);
  const embedded = contrast === null ? null : await embedder.embedCloseUp(photo, size, contrast);
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

/** All looks at a photo, starting with the whole. */
interface IdentifiedPhoto {
  looks: Look[];
  /** The look that gives the answer. */
  chosen: Look;
  /** Time for further looks, without their searches. */
  secondLookMs: number;
}

/** Looks at the whole photo and, if the answer is unclear, at parts of it. */
export async function identifyPhoto(
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
    region: findSeenRegion(size, options.views),
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
