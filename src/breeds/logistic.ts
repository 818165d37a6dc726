/** Logistic regressions: evaluated, and small ones fitted exactly by Newton's method. */
import { Matrix, solve } from 'ml-matrix';
import { groupBy } from '../math/group-by.js';

/** p = 1 / (1 + exp(-(intercept + coefficients . features))). */
export interface LogisticModel {
  intercept: number;
  coefficients: number[];
}

function computeSigmoid(z: number): number {
  return 1 / (1 + Math.exp(-z));
}

/**
 * @param offset added to the log-odds
 * @returns probability, 0..1
 */
export function predict(
  { intercept, coefficients }: LogisticModel,
  features: readonly number[],
  offset = 0,
): number {
  return computeSigmoid(coefficients.reduce((z, c, i) => z + c * features[i]!, intercept + offset));
}

export interface Observation {
  features: readonly number[];
  /** Probability that the outcome is positive, 0..1; usually 0 or 1. */
  target: number;
  /** Weight, > 0. */
  weight: number;
  /** Added to the log-odds. Default: 0. */
  offset?: number;
}

/** Computes the step of Newton's method at `theta` (intercept last) for the penalised log-likelihood. */
function takeNewtonStep(
  observations: readonly Observation[],
  theta: readonly number[],
  l2: number,
): number[] {
  const n = theta.length;
  const gradient = theta.map((value, i) => (i < n - 1 ? l2 * value : 0));
  const hessian = theta.map((_, i) => theta.map((_, j) => (i === j ? (i < n - 1 ? l2 : 1e-9) : 0)));
  for (const { features, target, weight, offset = 0 } of observations) {
    const row = [...features, 1];
    const p = computeSigmoid(row.reduce((z, x, i) => z + x * theta[i]!, offset));
    for (let i = 0; i < n; i++) {
      gradient[i]! += weight * (p - target) * row[i]!;
      for (let j = 0; j < n; j++) {
        hessian[i]![j]! += weight * p * (1 - p) * row[i]! * row[j]!;
      }
    }
  }
  return solve(new Matrix(hessian), Matrix.columnVector(gradient)).to1DArray();
}

function computeLoss(observations: readonly Observation[], theta: readonly number[], l2: number): number {
  const n = theta.length - 1;
  let loss = theta.slice(0, n).reduce((sum, value) => sum + (l2 / 2) * value ** 2, 0);
  for (const { features, target, weight, offset = 0 } of observations) {
    const z = features.reduce((sum, x, i) => sum + x * theta[i]!, theta[n]! + offset);
    // log(1 + e^z) - target z, without overflow
    loss += weight * (Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z);
  }
  return loss;
}

/**
 * Fits by maximum likelihood with a ridge on the coefficients (not on the intercept): the objective of
 * scikit-learn's LogisticRegression with C = 1 / l2.
 *
 * @param l2 > 0; in units of the features as given
 */
export function fitLogistic(observations: readonly Observation[], l2: number): LogisticModel {
  let theta = new Array<number>(observations[0]!.features.length + 1).fill(0);
  let loss = computeLoss(observations, theta, l2);
  for (let iteration = 0; iteration < 100; iteration++) {
    const step = takeNewtonStep(observations, theta, l2);
    // Halve the step while it overshoots. Far from the optimum a full step can raise the loss.
    let next = theta;
    let nextLoss = Number.POSITIVE_INFINITY;
    for (let scale = 1; scale > 1e-6 && !(nextLoss <= loss); scale /= 2) {
      next = theta.map((value, i) => value - scale * step[i]!);
      nextLoss = computeLoss(observations, next, l2);
    }
    if (!(nextLoss < loss)) {
      break;
    }
    const gain = loss - nextLoss;
    theta = next;
    loss = nextLoss;
    if (gain < 1e-12 * Math.max(1, loss)) {
      break;
    }
  }
  return { intercept: theta.at(-1)!, coefficients: theta.slice(0, -1) };
}

/** Selects features by index. */
function pick(observations: readonly Observation[], places: readonly number[]): Observation[] {
  return observations.map((o) => ({ ...o, features: places.map((i) => o.features[i]!) }));
}

/**
 * Fits a model whose probability never falls when a feature rises: features with a negative coefficient are dropped,
 * the worst first, and the others fitted again. Features are scaled to mean 0 and deviation 1 for fitting, so that
 * one ridge suits all; the returned model is for the original features.
 */
export function fitIncreasing(observations: readonly Observation[], l2: number): LogisticModel {
  const width = observations[0]!.features.length;
  const columns = Array.from({ length: width }, (_, i) => observations.map((o) => o.features[i]!));
  const means = columns.map((column) => column.reduce((a, b) => a + b, 0) / column.length);
  const deviations = columns.map((column, i) => {
    const variance = column.reduce((sum, x) => sum + (x - means[i]!) ** 2, 0) / column.length;
    return Math.sqrt(variance) || 1;
  });
  const scaled = observations.map((o) => ({
    ...o,
    features: o.features.map((x, i) => (x - means[i]!) / deviations[i]!),
  }));
  let places = columns.map((_, i) => i);
  for (;;) {
    const fitted = fitLogistic(pick(scaled, places), l2);
    const lowest = Math.min(0, ...fitted.coefficients);
    if (lowest === 0) {
      const coefficients = new Array<number>(width).fill(0);
      places.forEach((place, i) => {
        coefficients[place] = fitted.coefficients[i]! / deviations[place]!;
      });
      const shift = coefficients.reduce((sum, c, i) => sum + c * means[i]!, 0);
      return { intercept: fitted.intercept - shift, coefficients };
    }
    places = places.filter((_, i) => fitted.coefficients[i] !== lowest);
  }
}

/** An observation that belongs to one of several groups. */
export interface GroupedObservation extends Observation {
  group: string;
}

/**
 * Rounds of fitting the coefficients and the groups alternately. The objective is convex and changes little after a
 * few.
 */
const ROUNDS = 8;

/**
 * As {@link fitIncreasing}, with an offset per group: a random intercept with a ridge of its own, which keeps the
 * offsets of small groups near 0.
 *
 * @param groupL2 > 0; an observation at even odds counters it with a quarter of its weight
 */
export function fitIncreasingWithGroups(
  observations: readonly GroupedObservation[],
  l2: number,
  groupL2: number,
): { model: LogisticModel; offsets: Map<string, number> } {
  const groups = groupBy(observations, ({ group }) => group);
  const offsets = new Map([...groups.keys()].map((group) => [group, 0]));
  let model = fitIncreasing(observations, l2);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [group, members] of groups) {
      offsets.set(group, computeOffset(members, model, groupL2, offsets.get(group)!));
    }
    model = fitIncreasing(
      observations.map((o) => ({ ...o, offset: offsets.get(o.group)! })),
      l2,
    );
  }
  return { model, offsets };
}

/** Finds the best offset of one group by Newton's method. */
function computeOffset(
  members: readonly Observation[],
  model: LogisticModel,
  l2: number,
  start: number,
): number {
  let offset = start;
  for (let iteration = 0; iteration < 20; iteration++) {
    let gradient = l2 * offset;
    let curvature = l2;
    for (const { features, target, weight } of members) {
      const p = predict(model, features, offset);
      gradient += weight * (p - target);
      curvature += weight * p * (1 - p);
    }
    // A full step can overshoot if all probabilities are near 0 or 1.
    const step = Math.max(-1, Math.min(1, gradient / curvature));
    offset -= step;
    if (Math.abs(step) < 1e-9) {
      break;
    }
  }
  return offset;
}
