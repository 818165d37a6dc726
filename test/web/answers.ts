import type { Identification } from '../../src/engine/engine.js';

/**
 * An answer as the server gives it, for tests of how answers are shown.
 *
 * @param votes neighbours per label, nearest first; shares are votes over neighbours
 */
export function identification(
  decision: Identification['decision'],
  votes: Record<string, number>,
  extra: Partial<Identification> = {},
): Identification {
  const labels = Object.entries(votes).flatMap(([label, n]) => Array<string>(n).fill(label));
  const candidates = Object.entries(votes)
    .map(([label, n]) => ({
      label,
      confidence: n / labels.length,
      share: n / labels.length,
      count: n,
      similarity: 0.9 - labels.indexOf(label) / 100,
    }))
    .sort((a, b) => b.confidence - a.confidence);
  return {
    decision,
    breed: decision === 'unknown' ? null : (candidates[0]?.label ?? null),
    confidence: candidates[0]?.confidence ?? 0,
    calibrated: false,
    basis: 'vote',
    known: null,
    region: { left: 0, top: 0, width: 1, height: 1 },
    animals: [],
    candidates,
    neighbours: labels.map((label, i) => ({
      id: `id-${i}`,
      label,
      similarity: 0.9 - i / 100,
      source: 'somewhere',
      hasThumbnail: false,
    })),
    model: { name: 'test-encoder', fingerprint: 'abcdef0123456789' },
    timing: { decodeMs: 4, embedMs: 20, searchMs: 0.5, totalMs: 25 },
    ...extra,
  };
}
