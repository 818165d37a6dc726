/** Evaluates logistic regressions. */

/** p = 1 / (1 + exp(-(intercept + coefficients . features))). */
export interface LogisticModel {
  intercept: number;
  coefficients: number[];
}

export function computeSigmoid(z: number): number {
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
