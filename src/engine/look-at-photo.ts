/**
 * Identifies what a photo shows, from the whole photo and, if that is unclear, from parts of it. An encoder sees the centre
 * square of a photo, so an animal at the edge may be cut off or missing. The look to answer with is chosen by the probability
 * that the collection contains what it shows, not by breed or confidence, so that a second look does not make wrong answers
 * confident. docs/evaluation.md measures the effect.
 */
import type { Calibration } from '../breeds/calibration.js';
import { type BreedAnswer, identifyBreed } from '../breeds/identify-breed.js';
import { findNearestNonPets, measureNonPetSimilarity } from '../breeds/non-pets.js';
import { readUprightSize } from '../image/decode.js';
import { computeCentreSquare, type Rectangle, type Size } from '../image/regions.js';
import { computeContrast } from './close-up.js';
import type { Animal, IdentifyOptions, LookOptions, Neighbour } from './engine.js';
import { findVector } from './explain-neighbours.js';
import type { Embedded, EmbeddedRegion } from './image-embedder.js';
import type { EngineParts } from './spaces.js';

/** The answer for one part of a photo. */
interface Look {
  decided: Pick<BreedAnswer, 'decision' | 'breed' | 'confidence'>;
  /** In fractions of the upright photo. */
  region: Rectangle;
}

/** A photo is looked at again if its first look is less likely to be known, and only a look that is more likely counts. */
const KNOWN = 0.5;
/** A close-up must be at least this likely to be known: it shows what looks most like a pet, whatever that is. */
const CLOSE_UP_KNOWN = 0.8;

type Decided = Pick<BreedAnswer, 'decision' | 'known'>;

const isKnown = ({ known }: Pick<BreedAnswer, 'known'>, least: number) => known !== null && known >= least;

/** Whether the caller left open where to look, in a collection that can tell what it contains. */
const mayLookAgain = (
  { known }: Decided,
  { views = '1', region }: Pick<IdentifyOptions, 'views' | 'region'>,
) => known !== null && views === '1' && region === undefined;

/**
 * Whether a second look is worthwhile: if the collection may not contain what the first look shows, and the caller chose
 * neither the region nor views. A breed that is merely ambiguous does not get clearer.
 */
export function shouldLookAgain(
  decided: Decided,
  options: Pick<IdentifyOptions, 'views' | 'region'>,
): boolean {
  return mayLookAgain(decided, options) && !isKnown(decided, KNOWN);
}

/** Whether to look for other animals beside what the first look shows. */
export function shouldSeekAnimals(
  decided: Decided,
  options: Pick<IdentifyOptions, 'views' | 'region' | 'animals'>,
): boolean {
  return options.animals === true && mayLookAgain(decided, options);
}

/** Whether a close-up is worthwhile: without a match, and if both ends of the photo are as unclear as the first look. */
export function needsCloseUp(first: Decided, ends: readonly { decided: Decided }[]): boolean {
  const isUnclear = (decided: Decided) => !isKnown(decided, KNOWN);
  return first.decision !== 'match' && isUnclear(first) && ends.every(({ decided }) => isUnclear(decided));
}

/** Whether a close-up may answer. */
export function isClear(decided: Decided): boolean {
  return isKnown(decided, CLOSE_UP_KNOWN);
}

/** Chooses the look that is most probably known; the first one wins ties, and if no other is probably known. */
export function chooseLook<L extends { decided: Decided }>(first: L, others: readonly L[]): L {
  return others
    .filter(({ decided }) => isKnown(decided, KNOWN))
    .reduce((best, look) => (look.decided.known! > (best.decided.known ?? 0) ? look : best), first);
}

/**
 * Lists the animals in a photo if looks at its parts match different breeds: each breed once, with its most confident look.
 *
 * @returns an empty array unless there are at least two breeds
 */
export function listAnimals(looks: readonly Look[]): Animal[] {
  const animals = new Map<string, Animal>();
  for (const { decided, region } of looks) {
    const { breed, confidence } = decided;
    const other = breed === null ? undefined : animals.get(breed);
    if (decided.decision === 'match' && breed !== null && confidence > (other?.confidence ?? 0)) {
      animals.set(breed, { breed, confidence, region });
    }
  }
  return animals.size > 1 ? [...animals.values()].sort((a, b) => b.confidence - a.confidence) : [];
}

/** Finds the part of a photo that the encoder sees. */
function findSeenRegion(size: Size, views: LookOptions['views']): Rectangle {
  return views === '5' ? { left: 0, top: 0, width: 1, height: 1 } : computeCentreSquare(size);
}

interface JudgeOptions {
  collection: string;
  calibration: Calibration | null;
  listed: number;
}

/** The result of a look at a photo or at a part of it. */
interface JudgedLook extends Pick<Embedded, 'explain'> {
  decided: BreedAnswer;
  neighbours: Neighbour[];
  /** Ids of the nearest items, used to choose a close-up. */
  nearest: string[];
  /** In fractions of the upright photo. */
  region: Rectangle;
  searchMs: number;
}

/** Number of neighbours, and of non-pets, used to choose a close-up. */
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
 * Looks at both ends of a photo and, if it is still unclear, at the part where a small animal may be.
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
  const judgeRegion = async ({ embedding, ...seen }: EmbeddedRegion): Promise<JudgedLook> => ({
    ...(await judge(parts, embedding, judging)),
    ...seen,
  });
  const ends = await Promise.all((await embedder.embedEnds(asked, size)).map(judgeRegion));
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

/** All looks at a photo, starting with the whole. */
interface Looks {
  looks: JudgedLook[];
  /** The look that gives the answer. */
  chosen: JudgedLook;
  /** Time for further looks, without their searches. */
  againMs: number;
}

/** Looks at the whole photo and, if the answer is unclear, at parts of it. */
export async function lookAtPhoto(
  parts: EngineParts,
  asked: Embedded,
  judging: JudgeOptions,
  options: IdentifyOptions,
): Promise<Looks> {
  const [size, judged] = await Promise.all([
    readUprightSize(asked.image),
    judge(parts, asked.embedding, judging),
  ]);
  const first: JudgedLook = {
    ...judged,
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
