/** A calibration: two logistic models and two thresholds, as JSON. */
import { z } from 'zod';
import { checkFields } from '../files/check-fields.js';
import { readJsonFile } from '../files/read-json-file.js';
import { predict } from './logistic.js';
import type { Candidate, Voter } from './vote.js';

/** The features of the models, in this order; see {@link computeFeatures}. */
export const FEATURES = ['nearest', 'meanOf5', 'meanOfAll', 'share'] as const;

const modelSchema = z.object({
  intercept: z.number(),
  coefficients: z.array(z.number()).length(FEATURES.length),
});

export const calibrationSchema = z.object({
  formatVersion: z.literal(1),
  /** Fingerprint of the encoder whose similarities it was fitted to. */
  fingerprint: z.string().min(1),
  /** The settings of the vote it was fitted to. */
  k: z.int().min(1),
  temperature: z.number().positive(),
  /** Weights of labels in the vote, if not 1; see `vote`. */
  votes: z.record(z.string(), z.number().positive()).optional(),
  features: z.tuple([
    z.literal(FEATURES[0]),
    z.literal(FEATURES[1]),
    z.literal(FEATURES[2]),
    z.literal(FEATURES[3]),
  ]),
  /**
   * Probability that the first candidate is right; with `pet`, given that the photo shows a pet. `labels` are offsets of
   * its log-odds per candidate label.
   */
  right: modelSchema.extend({ labels: z.record(z.string(), z.number()).optional() }),
  /** Probability that the collection contains what the photo shows; with `pet`, given that it shows a pet. */
  known: modelSchema,
  /**
   * Probability that the photo shows a pet at all, by its familiarity and its negated similarity to the nearest non-pet
   * photo. Only fitted if there are such photos.
   */
  pet: z.object({ intercept: z.number(), coefficients: z.array(z.number()).length(2) }).optional(),
  thresholds: z.object({
    /** `unknown` below this probability of being known. */
    known: z.number(),
    /** `match` from this probability of being right. */
    match: z.number(),
  }),
  /** Numbers of queries it was fitted to: with known labels, with their label held out, and non-pets. */
  fittedOn: z.object({ queries: z.int(), labelsHeldOut: z.int(), nonPets: z.int() }),
});

/** A fitted calibration; plain JSON. */
export type Calibration = z.infer<typeof calibrationSchema>;

/**
 * @param what names it in the error
 * @throws PawdexError calibration_invalid
 */
export function parseCalibration(json: unknown, what = 'The calibration'): Calibration {
  return checkFields(calibrationSchema, json, what, 'calibration_invalid');
}

/**
 * Reads a calibration.json.
 *
 * @returns null if there is no such file
 * @throws PawdexError calibration_invalid
 */
export async function loadCalibration(file: string): Promise<Calibration | null> {
  const json = await readJsonFile(file, 'calibration_invalid');
  return json === undefined ? null : parseCalibration(json, file);
}

/**
 * Parses the calibration stored with a collection, and returns it if it was fitted to the similarities of this encoder.
 *
 * @param json the stored value
 * @param fingerprint of the current encoder
 * @throws PawdexError calibration_invalid
 */
export function selectCalibration(json: unknown, fingerprint: string): Calibration | null {
  if (json === null || json === undefined) {
    return null;
  }
  const calibration = parseCalibration(json);
  return calibration.fingerprint === fingerprint ? calibration : null;
}

/** The input of the models. */
export interface Evidence {
  /** The voters, at least one. */
  neighbours: readonly Voter[];
  /** The outcome of their vote. */
  candidates: readonly Candidate[];
  /** Cosine similarity to the nearest non-pet photo; null if not measured. */
  nonPetSimilarity: number | null;
}

/**
 * Computes the features of the models: similarity of the nearest neighbour, mean of the five nearest, mean of all
 * voters, and the first candidate's share of the vote.
 */
export function computeFeatures({
  neighbours,
  candidates,
}: Pick<Evidence, 'neighbours' | 'candidates'>): number[] {
  const similarities = neighbours.map(({ similarity }) => similarity);
  const sum = similarities.reduce((a, b) => a + b, 0);
  return [
    Math.max(...similarities),
    computeFamiliarity(neighbours),
    sum / similarities.length,
    candidates[0]?.confidence ?? 0,
  ];
}

export function computePetFeatures(neighbours: readonly Voter[], nonPetSimilarity: number): number[] {
  return [computeFamiliarity(neighbours), -nonPetSimilarity];
}

/** Predicts the probability that the photo shows a pet, 0..1; null if not fitted or not measured. */
export function predictPet(
  { neighbours, nonPetSimilarity }: Pick<Evidence, 'neighbours' | 'nonPetSimilarity'>,
  { pet }: Pick<Calibration, 'pet'>,
): number | null {
  return pet === undefined || nonPetSimilarity === null
    ? null
    : predict(pet, computePetFeatures(neighbours, nonPetSimilarity));
}

/**
 * Predicts the probabilities, 0..1, that the first candidate is right, and that the collection contains what the photo
 * shows.
 *
 * @param evidence with at least one candidate
 */
export function predictOutcome(
  evidence: Evidence,
  { right, known, pet }: Pick<Calibration, 'right' | 'known' | 'pet'>,
): { right: number; known: number } {
  const features = computeFeatures(evidence);
  const isPet = predictPet(evidence, { pet }) ?? 1;
  const { label } = evidence.candidates[0]!;
  const labels = right.labels ?? {};
  const offset = Object.hasOwn(labels, label) ? labels[label]! : 0;
  return { right: predict(right, features, offset) * isPet, known: predict(known, features) * isPet };
}

const NEAREST = 5;

/**
 * Computes the mean similarity of the five nearest neighbours, or of all if there are fewer. It is low for photos
 * without a cat or dog. The mean is more stable than the nearest neighbour alone (Sun et al. 2022,
 * "Out-of-distribution detection with deep nearest neighbors", arXiv 2204.06507, use the distance to the k-th).
 *
 * @param neighbours in any order
 * @returns -1..1; -1 without neighbours
 */
export function computeFamiliarity(neighbours: readonly { similarity: number }[]): number {
  const nearest = neighbours
    .map(({ similarity }) => similarity)
    .sort((a, b) => b - a)
    .slice(0, NEAREST);
  if (nearest.length === 0) {
    return -1;
  }
  return nearest.reduce((sum, similarity) => sum + similarity, 0) / nearest.length;
}
