/** What calibration fits and how it is read back: two small models and two thresholds, as JSON. */
import { z } from 'zod';
import { PawdexError } from '../errors.js';
import { computeFamiliarity } from './familiarity.js';
import { predict } from './logistic.js';
import { type Candidate, type Voter, vote } from './vote.js';

/** What the models look at, in this order; see {@link computeFeatures}. */
const FEATURES = ['nearest', 'meanOf5', 'meanOfAll', 'share'] as const;

const modelSchema = z.object({
  intercept: z.number(),
  coefficients: z.array(z.number()).length(FEATURES.length),
});

/** The form of a calibration file. */
export const calibrationSchema = z.object({
  formatVersion: z.literal(1),
  /** Fingerprint of the model whose similarities it was fitted on. */
  fingerprint: z.string().min(1),
  /** The vote it was fitted on. */
  k: z.int().min(1),
  temperature: z.number().positive(),
  /** What a vote for a label counts where it is not 1; see `vote`. */
  votes: z.record(z.string(), z.number().positive()).optional(),
  features: z.tuple([
    z.literal(FEATURES[0]),
    z.literal(FEATURES[1]),
    z.literal(FEATURES[2]),
    z.literal(FEATURES[3]),
  ]),
  /** Probability that the first candidate is right; `labels` are offsets of its log-odds by what the candidate is. */
  right: modelSchema.extend({ labels: z.record(z.string(), z.number()).optional() }),
  /** Probability that the collection holds what the photo shows. */
  known: modelSchema,
  thresholds: z.object({
    /** `unknown` below this probability of being known. */
    known: z.number(),
    /** `match` from this probability of being right. */
    match: z.number(),
  }),
  /** Queries it was fitted on: of known labels, with their label taken out, and of something else. */
  fittedOn: z.object({ queries: z.int(), labelsHeldOut: z.int(), nonPets: z.int() }),
});

/** A fitted calibration; plain JSON. */
export type Calibration = z.infer<typeof calibrationSchema>;

/** @throws PawdexError calibration_invalid */
export function parseCalibration(json: unknown): Calibration {
  const parsed = calibrationSchema.safeParse(json);
  if (parsed.success) {
    return parsed.data;
  }
  throw new PawdexError('calibration_invalid', { detail: z.prettifyError(parsed.error) });
}

/**
 * The calibration stored with a collection, if it may be used: one of another model says nothing about this
 * model's similarities.
 *
 * @param json what is stored, null for nothing
 * @param fingerprint of the model that answers
 * @throws PawdexError calibration_invalid
 */
export function selectCalibration(json: unknown, fingerprint: string): Calibration | null {
  if (json === null || json === undefined) {
    return null;
  }
  const calibration = parseCalibration(json);
  return calibration.fingerprint === fingerprint ? calibration : null;
}

/**
 * What the models look at: similarity of the nearest neighbour, mean of the five nearest, mean of all that vote,
 * and the first candidate's share of the vote.
 *
 * @param neighbours those that vote, at least one
 * @param candidates their vote
 */
export function computeFeatures(neighbours: readonly Voter[], candidates: readonly Candidate[]): number[] {
  const similarities = neighbours.map(({ similarity }) => similarity);
  const sum = similarities.reduce((a, b) => a + b, 0);
  return [
    Math.max(...similarities),
    computeFamiliarity(neighbours),
    sum / similarities.length,
    candidates[0]?.confidence ?? 0,
  ];
}

/** The vote as the calibration has it. @param neighbours those that vote */
export function getCalibratedVote(
  neighbours: readonly Voter[],
  { temperature, votes }: Pick<Calibration, 'temperature' | 'votes'>,
): Candidate[] {
  return vote(neighbours, temperature, votes);
}

/** Probability that the first candidate is right, 0..1. @param candidates at least one */
export function computeRightProbability(
  neighbours: readonly Voter[],
  candidates: readonly Candidate[],
  { right }: Pick<Calibration, 'right'>,
): number {
  const { label } = candidates[0]!;
  const labels = right.labels ?? {};
  return predict(
    right,
    computeFeatures(neighbours, candidates),
    Object.hasOwn(labels, label) ? labels[label]! : 0,
  );
}

/** The names of what {@link computeFeatures} gives, as stored in a calibration. */
export function listFeatureNames(): Calibration['features'] {
  return [...FEATURES];
}
