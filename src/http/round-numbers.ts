/** Rounds the engine's numbers to meaningful digits for responses. */

/** By field, the factor that makes the last meaningful digit a whole number. */
const FACTORS: Readonly<Record<string, number>> = {
  ...{ decodeMs: 1e2, embedMs: 1e2, searchMs: 1e2, totalMs: 1e2 },
  ...{ confidence: 1e6, known: 1e6, share: 1e6, similarity: 1e6 },
  ...{ left: 1e6, top: 1e6, width: 1e6, height: 1e6 },
  // One more digit than the similarity, since many shares sum to it.
  shares: 1e7,
  // Positions on a map: a tenth of a pixel on a large screen.
  ...{ x: 1e4, y: 1e4 },
};

/** Returns a copy of a value with rounded numbers. Metadata of items stays as it is. */
export function roundNumbers<T>(value: T, factor?: number): T {
  if (typeof value === 'number') {
    return factor === undefined ? value : ((Math.round(value * factor) / factor) as T);
  }
  if (Array.isArray(value)) {
    return value.map((element) => roundNumbers(element, factor)) as T;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  const rounded: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    rounded[name] = name === 'metadata' ? field : roundNumbers(field, FACTORS[name]);
  }
  return rounded as T;
}
