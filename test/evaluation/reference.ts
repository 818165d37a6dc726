/** Values that other implementations gave for the same data; scripts/evaluation/fixtures.py made them. */
import { readFileSync } from 'node:fs';
import type { EmbeddedSet } from '../../src/evaluation/embed-set.js';

interface LabelledVectors {
  vectors: number[][];
  labels: string[];
}

/** The fixture file. */
export const reference = JSON.parse(
  readFileSync(new URL('../fixtures/evaluation/reference.json', import.meta.url), 'utf8'),
) as {
  k: number;
  temperature: number;
  labels: string[];
  gallery: LabelledVectors;
  queries: LabelledVectors;
  retrieval: {
    recallAt1: number;
    recallAt5: number;
    recallAt10: number;
    mapAtR: number;
    leaveOneOut: { recallAt1: number; mapAtR: number };
    nearest: number[][];
    similarities: number[][];
  };
  classification: {
    shares: number[][];
    top1: number;
    macroTop1: number;
    perLabelTop1: number[];
    perLabelPrecision: number[];
    worstConfusion: { label: string; predicted: string; count: number };
    wrong: number;
  };
  confidences: {
    confidence: number[];
    right: number[];
    ece: number;
    bins: { count: number[]; accuracy: number[]; confidence: number[] };
    coverageAt90: number;
    coverageAt95: number;
    auroc: number;
    logistic: { noise: number[]; coefficients: number[]; intercept: number };
  };
};

/** Vectors as an embedded set; the content hash is the given name and the row. */
export function asSet({ vectors, labels }: LabelledVectors, name: string): EmbeddedSet {
  const dimension = vectors[0]!.length;
  const data = new Float32Array(vectors.length * dimension);
  vectors.forEach((vector, row) => {
    const norm = Math.hypot(...vector);
    data.set(
      vector.map((x) => x / norm),
      row * dimension,
    );
  });
  return {
    vectors: { data, rows: vectors.length, dimension },
    items: labels.map((label, row) => ({
      file: `${name}/${row}.jpg`,
      label,
      sha256: `${name}-${row}`,
      metadata: {},
    })),
  };
}
