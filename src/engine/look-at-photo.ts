/** Identifies what a photo shows, from the whole photo and, if that is unclear, from parts of it. */
import type { Calibration } from '../breeds/calibration.js';
import { type BreedAnswer, identifyBreed } from '../breeds/identify-breed.js';
import { findNearestNonPets, measureNonPetSimilarity } from '../breeds/non-pets.js';
import { readUprightSize } from '../image/decode.js';
import { computeCentreSquare, type Rectangle, type Size } from '../image/heat-colours.js';
import { computeContrast } from './close-up.js';
import type { IdentifyOptions, LookOptions, Neighbour } from './engine.js';
import { findVector } from './explain-neighbours.js';
import type { Embedded, EmbeddedRegion } from './image-embedder.js';
import { chooseLook, isClear, needsCloseUp, shouldLookAgain, shouldSeekAnimals } from './second-look.js';
import type { EngineParts } from './use-cases.js';

/** Finds the part of a photo that the encoder sees. */
function findSeenRegion(size: Size, views: LookOptions['views']): Rectangle {
  return views === '5' ? { left: 0, top: 0, width: 1, height: 1 } : computeCentreSquare(size);
}

/** Settings of {@link judge}. */
interface JudgeOptions {
  collection: string;
  calibration: Calibration | null;
  /** Number of neighbours to list. */
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
