/** What calibration fits and how it is read back: two small models and two thresholds, as JSON. */
import { z } from 'zod';
import { PawdexError } from '../errors.js';
import { familiarity } from './familiarity.js';
import type { Candidate, Voter } from './vote.js';

/** What the models look at, in this order; see {@link featuresOf}. */
const FEATURES = ['nearest', 'meanOf5', 'meanOfAll', 'share'] as const;

const modelSchema = z.object({
  intercept: z.number(),
  coefficients: z.array(z.number()).length(FEATURES.length),
});

const schema = z.object({
  formatVersion: z.literal(1),
  /** Fingerprint of the model whose similarities it was fitted on. */
  fingerprint: z.string().min(1),
  /** The vote it was fitted on. */
  k: z.int().min(1),
  temperature: z.number().positive(),
  features: z.tuple([
    z.literal(FEATURES[0]),
    z.literal(FEATURES[1]),
    z.literal(FEATURES[2]),
    z.literal(FEATURES[3]),
  ]),
  /** Probability that the first candidate is right. */
  right: modelSchema,
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
export type Calibration = z.infer<typeof schema>;

/** @throws PawdexError calibration_invalid */
export function parseCalibration(json: unknown): Calibration {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
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
export function calibrationFor(json: unknown, fingerprint: string): Calibration | null {
  if (json === null || json === undefined) return null;
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
export function featuresOf(neighbours: readonly Voter[], candidates: readonly Candidate[]): number[] {
  const similarities = neighbours.map(({ similarity }) => similarity);
  const sum = similarities.reduce((a, b) => a + b, 0);
  return [
    Math.max(...similarities),
    familiarity(neighbours),
    sum / similarities.length,
    candidates[0]?.confidence ?? 0,
  ];
}

/** The names of what {@link featuresOf} gives, as stored in a calibration. */
export function featureNames(): Calibration['features'] {
  return [...FEATURES];
}
