import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSession } from '../../../src/encoder/encoder-session.js';
import { asFloat, type Model, readModel, writeModel } from '../../../src/onnx/onnx-model.js';
import { createFloatTensor } from '../../../src/onnx/tensor.js';
import { buildEncoderModel, type EncoderParts } from '../../../src/training/export/encoder-model.js';
import { fitAffine } from '../../../src/training/export/quantise/activation-range.js';
import { quantise } from '../../../src/training/export/quantise/quantise-model.js';
import { roundFilters } from '../../../src/training/export/quantise/round-convolutions.js';
import { writeEncoder } from '../../../src/training/export/write-encoder.js';
import { cosine } from '../../helpers/images.js';
import { mobileNet, node, noise } from '../autodiff/helpers.js';
import { noisePhotos } from './photos.js';

const SIZE = 24;
const pixels = { mean: 127, std: 128 };
const facts = {
  name: 'test',
  description: '',
  licence: 'Apache-2.0',
  kernel: 'cubic' as const,
  vote: { k: 20, temperature: 0.07 },
  training: {},
  quality: {},
};

/** A residual network as PyTorch exports them: batch normalisation, pooling, Relu after the sum, an attention branch. */
function resNet(): Model {
  const weights = Object.fromEntries(
    [
      ['stem', [8, 3, 5, 5]],
      ['inner', [8, 8, 3, 3]],
      ['squeeze', [4, 8, 1, 1]],
      ['excite', [8, 4, 1, 1]],
      ['top', [12, 8, 1, 1]],
    ].map(([name, shape], i) => [name, noise(i + 1, shape as number[], 0.4)]),
  );
  const positive = Array.from({ length: 8 }, (_, i) => 0.6 + 0.1 * i);
  return {
    opset: 17,
    inputs: [{ name: 'x', dtype: 'float32', shape: ['n', 3, SIZE, SIZE] }],
    outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 12] }],
    initialisers: new Map(
      Object.entries({ ...weights, shift: noise(21, [8], 0.3), variance: createFloatTensor(positive) }),
    ),
    nodes: [
      node('Conv', ['x', 'stem'], ['a'], { strides: [2, 2], pads: [2, 2, 2, 2] }),
      node('BatchNormalization', ['a', 'variance', 'shift', 'shift', 'variance'], ['b'], {
        epsilon: asFloat(1e-5),
      }),
      node('Relu', ['b'], ['c']),
      node('MaxPool', ['c'], ['d'], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
      node('Conv', ['d', 'inner', 'shift'], ['e'], { pads: [2, 2, 2, 2], dilations: [2, 2] }),
      node('GlobalAveragePool', ['e'], ['mean']),
      node('Conv', ['mean', 'squeeze'], ['s1']),
      node('Relu', ['s1'], ['s2']),
      node('Conv', ['s2', 'excite'], ['s3']),
      node('Sigmoid', ['s3'], ['gate']),
      node('Mul', ['e', 'gate'], ['gated']),
      node('Add', ['gated', 'd'], ['sum']),
      node('Relu', ['sum'], ['block']),
      node('Conv', ['block', 'top'], ['t']),
      node('GlobalAveragePool', ['t'], ['pool']),
      node('Flatten', ['pool'], ['y'], { axis: 1 }),
    ],
  };
}

describe('quantise', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-test-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  const embed = async (model: Model, name: string, photos: Uint8Array[]) => {
    const loaded = await writeEncoder(dir, model, facts, name);
    const session = await openSession(loaded, 1);
    const rows: Float32Array[] = [];
    for (const photo of photos) {
      rows.push(await session.run([photo]));
    }
    await session.release();
    return rows;
  };
  /** Operators that onnxruntime runs, by name. */
  const operators = async (model: Model) => {
    const file = path.join(dir, 'optimised.onnx');
    const session = await ort.InferenceSession.create(writeModel(model), {
      graphOptimizationLevel: 'extended',
      optimizedModelFilePath: file,
    });
    await session.release();
    return readModel(await readFile(file)).nodes.map(({ op }) => op);
  };

  it.each([
    { what: 'inverted residuals', backbone: mobileNet(), convolutions: 7, floats: 0 },
    { what: 'a residual network with batch normalisation', backbone: resNet(), convolutions: 3, floats: 2 },
    {
      what: 'pixels scaled per channel',
      backbone: mobileNet(),
      scaling: { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] } as EncoderParts['pixels'],
      convolutions: 7,
      floats: 0,
    },
  ])('embeds like the float encoder, in integers: $what', async ({ backbone, scaling, ...expected }) => {
    const encoder = buildEncoderModel({ backbone, size: SIZE, pixels: scaling ?? pixels });
    const photos = noisePhotos(24, SIZE);
    const progress: string[] = [];
    const quantised = await quantise(encoder, photos.slice(0, 16), {
      report: {
        beginPhase: (text, total) => progress.push(`${text}, ${total}`),
        updatePhase: (done) => progress.push(String(done)),
      },
    });
    expect(quantised.convolutions).toBe(expected.convolutions);
    expect(quantised.agreement.mean).toBeGreaterThan(0.99);
    expect(progress).toContain(`Rounding weights, ${expected.convolutions}`);
    expect(progress.at(-1)).toBe(String(expected.convolutions));
    const [exact, served] = [
      await embed(encoder, 'float', photos),
      await embed(quantised.model, 'int8', photos),
    ];
    const cosines = exact.map((vector, i) => cosine(vector, served[i]!));
    expect(cosines.reduce((a, b) => a + b) / cosines.length).toBeGreaterThan(0.99);
    expect(Math.min(...cosines)).toBeLessThan(0.999999);
    const ops = await operators(quantised.model);
    expect(ops.filter((op) => op === 'QLinearConv')).toHaveLength(expected.convolutions);
    expect(ops.filter((op) => op === 'Conv' || op === 'FusedConv')).toHaveLength(expected.floats);
    expect(ops).toContain('QLinearAdd');
    const weights = [...quantised.model.initialisers.values()].filter(({ dtype }) => dtype === 'int8');
    const largest = Math.max(
      ...weights.flatMap(({ data }) => [...data].map((value) => Math.abs(Number(value)))),
    );
    expect(largest).toBe(64);
  });

  it('gives the same file twice', async () => {
    const encoder = buildEncoderModel({ backbone: mobileNet(), size: SIZE, pixels });
    const files = [];
    for (let i = 0; i < 2; i++) {
      files.push(writeModel((await quantise(encoder, noisePhotos(4, SIZE))).model));
    }
    expect(files[0]).toEqual(files[1]);
  });

  it('refuses what it cannot quantise', async () => {
    const encoder = buildEncoderModel({ backbone: mobileNet(), size: SIZE, pixels });
    await expect(quantise(encoder, [])).rejects.toMatchObject({ code: 'set_invalid' });
    await expect(quantise({ ...encoder, opset: 12 }, noisePhotos(1, SIZE))).rejects.toMatchObject({
      code: 'model_invalid',
    });
    const pooled: Model = {
      ...mobileNet(),
      nodes: [node('GlobalAveragePool', ['x'], ['p']), node('Flatten', ['p'], ['y'], { axis: 1 })],
      outputs: [{ name: 'y', dtype: 'float32', shape: ['n', 3] }],
      initialisers: new Map(),
    };
    const plain = buildEncoderModel({ backbone: pooled, size: SIZE, pixels });
    await expect(quantise(plain, noisePhotos(1, SIZE))).rejects.toThrow(/no 2-D convolution/);
  });
});

describe('roundFilters', () => {
  const size = 12;
  const weights = noise(1, [5, size]).data as Float32Array;
  const scales = Float32Array.from({ length: 5 }, () => 0.2);
  /** Mean squared change of the filters' outputs. */
  const change = (rounded: Int8Array, moments: Float64Array) => {
    let sum = 0;
    for (let f = 0; f < 5; f++) {
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          const off = (k: number) => weights[f * size + k]! - rounded[f * size + k]! * 0.2;
          sum += off(i) * moments[i * size + j]! * off(j);
        }
      }
    }
    return sum;
  };
  const nearest = Int8Array.from(weights, (weight) => Math.round(weight / Math.fround(0.2)));

  it('rounds to nearest for independent inputs', () => {
    const moments = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      moments[i * size + i] = 1 + i;
    }
    expect(roundFilters({ weights, moments, size, scales })).toEqual(nearest);
  });

  it('preserves outputs for correlated inputs far better than rounding to nearest', () => {
    const mixing = noise(2, [3, size]).data as Float32Array;
    const moments = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        for (let k = 0; k < 3; k++) {
          moments[i * size + j]! += mixing[k * size + i]! * mixing[k * size + j]!;
        }
      }
    }
    const rounded = roundFilters({ weights, moments: moments.slice(), size, scales });
    expect(change(rounded, moments)).toBeLessThan(0.3 * change(nearest, moments));
  });

  it('stays within the limit, and accepts constant inputs', () => {
    const small = scales.map((scale) => scale / 100);
    const rounded = roundFilters({ weights, moments: new Float64Array(size * size), size, scales: small });
    expect(Math.max(...rounded)).toBe(64);
    expect(Math.min(...rounded)).toBe(-64);
  });
});

describe('fitAffine', () => {
  const histogram = (low: number, high: number, count: (bin: number) => number) => ({
    low,
    high,
    counts: Float64Array.from({ length: 4096 }, (_, bin) => count(bin)),
  });

  it('spans evenly spread values and represents zero exactly', () => {
    const { scale, zero } = fitAffine(histogram(-1, 3, () => 1));
    expect(scale * 255).toBeCloseTo(4, 1);
    expect(-zero * scale).toBeCloseTo(-1, 1);
    const positive = fitAffine(histogram(2, 6, () => 1));
    expect(positive.zero).toBe(0);
    expect(positive.scale * 255).toBeCloseTo(6, 1);
  });

  it('clips a few outliers for the sake of the rest', () => {
    const { scale } = fitAffine(histogram(0, 10, (bin) => (bin < 2048 ? 1000 : bin === 4095 ? 1 : 0)));
    expect(scale * 255).toBeGreaterThan(4.9);
    expect(scale * 255).toBeLessThan(7);
  });

  it('accepts a tensor that is always zero', () => {
    expect(fitAffine(histogram(0, 0, () => 1))).toEqual({ scale: 1, zero: 0 });
  });
});
