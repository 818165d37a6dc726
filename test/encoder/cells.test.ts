import { createHash } from 'node:crypto';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import { addCells, OUTPUTS } from '../../src/encoder/cells/add-cells.js';
import type { CellEmbedding } from '../../src/encoder/encoder.js';
import { createSession } from '../../src/encoder/encoder-session.js';
import { type OpenedEncoder, openEncoder } from '../../src/encoder/open-encoder.js';
import { decode } from '../../src/image/decode.js';
import { findCellSpacing } from '../../src/onnx/cell-spacing.js';
import {
  type Attribute,
  asFloat,
  type Model,
  type ModelNode,
  writeModel,
} from '../../src/onnx/onnx-model.js';
import { createFloatTensor, type Tensor } from '../../src/onnx/tensor.js';
import { cosine } from '../helpers/images.js';

const models = (file: string) => path.join(PACKAGE_ROOT, 'models', file);
const chelsea = () => readFile(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png'));
const options = { threads: 2, maxQueue: 8 };

/** Sum of the rows. */
function sumOf({ cells, embedding }: CellEmbedding): Float32Array {
  return embedding.map((_, i) => {
    let sum = 0;
    for (let at = i; at < cells.length; at += embedding.length) {
      sum += cells[at]!;
    }
    return sum;
  });
}
const furthest = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** Each cell's part of the embedding's square. */
function shares({ cells, embedding }: CellEmbedding): number[] {
  const { length } = embedding;
  return Array.from({ length: cells.length / length }, (_, cell) =>
    embedding.reduce((sum, value, i) => sum + value * cells[cell * length + i]!, 0),
  );
}

describe('the cells of the shipped encoder', () => {
  let encoder: OpenedEncoder;
  beforeAll(async () => {
    encoder = await openEncoder({ cardPath: models('encoder.json'), ...options });
  });
  afterAll(() => encoder.close());
  const pixels = async (bytes: Buffer) => decode(bytes, encoder.info.resize, { maxPixels: 1e8 });

  it('sum to the same embedding as without cells', async () => {
    const plain = await encoder.embed(await pixels(await chelsea()));
    const inCells = await encoder.embedCells(await pixels(await chelsea()));
    expect(cosine(inCells.embedding, plain)).toBeGreaterThan(0.999999);
    expect(furthest(inCells.embedding, plain)).toBeLessThan(1e-3);
    expect(furthest(sumOf(inCells), inCells.embedding)).toBeLessThan(1e-5);
    const { rows, columns } = inCells.grid;
    expect(inCells.cells).toHaveLength(rows * columns * encoder.info.dimension);
    expect(rows).toBeGreaterThan(3);
    expect(columns).toBe(rows);
  });

  it("are at the centres of the network's receptive fields", async () => {
    const { grid } = await encoder.embedCells(await pixels(await chelsea()));
    // Five windows of stride 2 over 256 px, each padded by one pixel more at the far side: 1 + 2 + 4 + 8 + 16.
    const first = 31;
    const from = (first + 0.5 - 16) / 256;
    expect(grid).toEqual({ rows: 8, columns: 8, extent: { left: from, top: from, width: 1, height: 1 } });
  });

  it('depend on the image at their position', async () => {
    const photo = Uint8Array.from(await pixels(await chelsea()));
    const { size } = encoder.info.resize;
    const before = await encoder.embedCells(photo.slice());
    const length = encoder.info.dimension;
    /** The middle of what changes in the cells when a patch of the photo is made grey; fractions of the square. */
    const found = async (x: number, y: number) => {
      const changed = photo.slice();
      const [left, top, side] = [x - 0.08, y - 0.08, 0.16].map((at) => Math.round(at * size)) as [
        number,
        number,
        number,
      ];
      for (let row = top; row < top + side; row++) {
        changed.fill(128, (row * size + left) * 3, (row * size + left + side) * 3);
      }
      const after = await encoder.embedCells(changed);
      const { rows, columns, extent } = after.grid;
      let [all, across, down] = [0, 0, 0];
      for (let cell = 0; cell < rows * columns; cell++) {
        let change = 0;
        for (let at = cell * length; at < (cell + 1) * length; at++) {
          change += (after.cells[at]! - before.cells[at]!) ** 2;
        }
        all += change;
        across += change * (extent.left + (((cell % columns) + 0.5) / columns) * extent.width);
        down += change * (extent.top + ((Math.floor(cell / columns) + 0.5) / rows) * extent.height);
      }
      return [across / all, down / all] as const;
    };
    // What a patch changes reaches past it on all sides, so its middle lies nearer to the photo's.
    for (const other of [0.25, 0.75]) {
      expect((await found(0.75, other))[0] - (await found(0.25, other))[0]).toBeGreaterThan(0.15);
      expect((await found(other, 0.75))[1] - (await found(other, 0.25))[1]).toBeGreaterThan(0.15);
    }
  });

  it('are mirrored with the photo', async () => {
    const one = await encoder.embedCells(await pixels(await chelsea()));
    const mirrored = await encoder.embedCells(
      await pixels(
        await sharp(await chelsea())
          .flop()
          .png()
          .toBuffer(),
      ),
    );
    const { columns } = one.grid;
    const asIs = shares(one);
    const back = shares(mirrored).map(
      (_, cell, all) => all[cell - (cell % columns) + columns - 1 - (cell % columns)]!,
    );
    expect(cosine(asIs, back)).toBeGreaterThan(0.95);
    expect(cosine(asIs, shares(mirrored))).toBeLessThan(cosine(asIs, back));
  });
});

describe('other encoders', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-test-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  /** A card for a model in `dir`, made from the shipped one. */
  async function cardFor(file: string, changes: object): Promise<string> {
    const sha256 = createHash('sha256')
      .update(await readFile(path.join(dir, file)))
      .digest('hex');
    const card = { ...JSON.parse(await readFile(models('encoder.json'), 'utf8')), file, sha256, ...changes };
    await writeFile(path.join(dir, `${file}.json`), JSON.stringify(card));
    return path.join(dir, `${file}.json`);
  }

  it('are explained if they end in the mean of a map: a bare backbone', async () => {
    await copyFile(models('backbone.onnx'), path.join(dir, 'backbone.onnx'));
    const std = [128 / 255, 128 / 255, 128 / 255];
    const { resize } = JSON.parse(await readFile(models('encoder.json'), 'utf8')).input;
    const cardPath = await cardFor('backbone.onnx', {
      input: { name: 'pixel_values', type: 'float32', layout: 'NCHW', size: 260, resize, mean: std, std },
      output: { name: 'embedding', dimension: 1280 },
    });
    const encoder = await openEncoder({ cardPath, ...options });
    const pixels = () => chelsea().then((bytes) => decode(bytes, encoder.info.resize, { maxPixels: 1e8 }));
    const plain = await encoder.embed(await pixels());
    const inCells = await encoder.embedCells(await pixels());
    await encoder.close();
    expect(furthest(inCells.embedding, plain)).toBeLessThan(1e-4);
    expect(furthest(sumOf(inCells), plain)).toBeLessThan(1e-4);
    expect(inCells.grid).toMatchObject({ rows: 9, columns: 9 });
  });

  it('are not explained otherwise, which is found on request and breaks nothing', async () => {
    const size = 16;
    const weights = Float32Array.from({ length: size * size * 3 * 4 }, (_, i) => Math.sin(i));
    const model = graph(
      [
        ['Cast', ['pixels'], { to: 1 }],
        ['Flatten', ['Cast'], {}],
        ['MatMul', ['Flatten', 'w'], {}],
      ],
      { w: createFloatTensor(weights, [size * size * 3, 4]) },
      { name: 'pixels', dtype: 'uint8', shape: ['batch', size, size, 3] },
    );
    await writeFile(path.join(dir, 'flat.onnx'), writeModel(model));
    const { resize } = JSON.parse(await readFile(models('encoder.json'), 'utf8')).input;
    const cardPath = await cardFor('flat.onnx', {
      input: { name: 'pixels', type: 'uint8', layout: 'NHWC', size, resize },
      output: { name: 'MatMul', dimension: 4 },
    });
    const encoder = await openEncoder({ cardPath, ...options });
    const pixels = () => new Uint8Array(size * size * 3).fill(7);
    for (const _ of [1, 2]) {
      await expect(encoder.embedCells(pixels())).rejects.toMatchObject({
        code: 'explain_unavailable',
        hint: expect.any(String),
      });
    }
    expect(await encoder.embed(pixels())).toHaveLength(4);
    await encoder.close();
  });

  it('open a second session only on request, and never with another model', async () => {
    const file = path.join(dir, 'gone.onnx');
    await copyFile(models('encoder.onnx'), file);
    const encoder = await openEncoder({ cardPath: await cardFor('gone.onnx', {}), ...options });
    await rm(file);
    const pixels = async () => decode(await chelsea(), encoder.info.resize, { maxPixels: 1e8 });
    // What is running needs its file no more; what has not been opened does.
    await encoder.embed(await pixels());
    await expect(encoder.embedCells(await pixels())).rejects.toMatchObject({ code: 'explain_unavailable' });
    await encoder.close();
  });
});

/** A chain of nodes, each named after its operator, over one input. */
function graph(
  nodes: [op: string, inputs: string[], attributes: Record<string, Attribute>][],
  initialisers: Record<string, Tensor>,
  input: Model['inputs'][number] = { name: 'x', dtype: 'float32', shape: ['batch', 3, 4, 5] },
): Model {
  const made: ModelNode[] = nodes.map(([op, inputs, attributes]) => ({
    op,
    domain: '',
    name: op,
    inputs,
    outputs: [op],
    attributes,
  }));
  const output = { name: nodes.at(-1)![0], dtype: 'float32', shape: ['batch', 'dimension'] } as const;
  return {
    opset: 17,
    inputs: [input],
    outputs: [output],
    nodes: made,
    initialisers: new Map(Object.entries(initialisers)),
  };
}

const waves = (length: number, phase: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(i * 1.7 + phase));

describe('the end of a graph', () => {
  const matrix = createFloatTensor(waves(6, 1), [3, 2]);
  const turned = createFloatTensor(waves(6, 2), [2, 3]);
  const bias = createFloatTensor([0.3, -0.7]);
  const pooled: Parameters<typeof graph>[0] = [
    ['GlobalAveragePool', ['x'], {}],
    ['Flatten', ['GlobalAveragePool'], {}],
  ];
  const forms: [string, Parameters<typeof graph>[0], Record<string, Tensor>][] = [
    ['a bare mean', pooled, {}],
    [
      'a mean by axes and a unit vector',
      [
        ['ReduceMean', ['x'], { axes: [-2, -1], keepdims: 0 }],
        ['LpNormalization', ['ReduceMean'], { axis: -1, p: 2 }],
      ],
      {},
    ],
    [
      'Gemm',
      [...pooled, ['Gemm', ['Flatten', 'w', 'b'], { alpha: asFloat(0.5), beta: asFloat(2) }]],
      { w: matrix, b: bias },
    ],
    ['Gemm with a turned matrix', [...pooled, ['Gemm', ['Flatten', 'w'], { transB: 1 }]], { w: turned }],
    [
      'MatMul, a bias and a factor',
      [
        ...pooled,
        ['MatMul', ['Flatten', 'w'], {}],
        ['Add', ['b', 'MatMul'], {}],
        ['Sub', ['Add', 'c'], {}],
        ['Mul', ['f', 'Sub'], {}],
      ],
      { w: matrix, b: bias, c: createFloatTensor([0.1]), f: createFloatTensor([3, -2]) },
    ],
    [
      'a division by its own length, as others write it',
      [
        ...pooled,
        ['Gemm', ['Flatten', 'w', 'b'], {}],
        ['ReduceL2', ['Gemm'], { axes: [1], keepdims: 1 }],
        ['Max', ['ReduceL2', 'least'], {}],
        ['Div', ['Gemm', 'Max'], {}],
      ],
      { w: matrix, b: bias, least: createFloatTensor([1e-12]) },
    ],
  ];
  it.each(forms)('is taken apart exactly: %s', async (_name, nodes, initialisers) => {
    const model = graph(nodes, initialisers);
    const output = model.outputs[0]!.name;
    const session = await createSession(writeModel(addCells(model, output).model), 1);
    const ort = await import('onnxruntime-node');
    const x = new ort.Tensor('float32', waves(2 * 60, 0.4), [2, 3, 4, 5]);
    const result = await session.run({ x }, [output, ...Object.values(OUTPUTS)]);
    await session.release();
    const whole = result[output]!;
    const cells = result[OUTPUTS.cells]!;
    expect(Array.from(result[OUTPUTS.mapShape]!.data as BigInt64Array, Number)).toEqual([2, 3, 4, 5]);
    const dimension = cells.dims.at(-1)!;
    expect(cells.dims).toEqual([2, 20, dimension]);
    const values = cells.data as Float32Array;
    Array.from(whole.data as Float32Array).forEach((value, i) => {
      const [picture, at] = [Math.floor(i / dimension), i % dimension];
      let sum = 0;
      for (let cell = 0; cell < 20; cell++) {
        sum += values[(picture * 20 + cell) * dimension + at]!;
      }
      expect(sum).toBeCloseTo(value, 5);
    });
  });

  const others: typeof forms = [
    ['an activation after the mean', [...pooled, ['Relu', ['Flatten'], {}]], {}],
    ['a gate', [...pooled, ['Sigmoid', ['Flatten'], {}], ['Mul', ['Flatten', 'Sigmoid'], {}]], {}],
    ['no mean', [['Flatten', ['x'], {}]], {}],
    ['a mean over channels', [['ReduceMean', ['x'], { axes: [1], keepdims: 0 }]], {}],
    ['another norm', [...pooled, ['LpNormalization', ['Flatten'], { axis: -1, p: 1 }]], {}],
  ];
  it.each(others)('is refused if it is not a sum: %s', (_name, nodes, initialisers) => {
    const model = graph(nodes, initialisers);
    expect(() => addCells(model, model.outputs[0]!.name)).toThrow(
      expect.objectContaining({ code: 'explain_unavailable' }),
    );
  });
});

describe('the positions of cells', () => {
  const conv = (name: string, input: string, attributes: Record<string, Attribute>): ModelNode => ({
    op: 'Conv',
    domain: '',
    name,
    inputs: [input, 'w'],
    outputs: [name],
    attributes,
  });
  const spacing = (nodes: ModelNode[], map: string) =>
    findCellSpacing(
      { ...graph([['Relu', ['x'], {}]], { w: createFloatTensor(waves(27, 0), [1, 3, 3, 3]) }), nodes },
      map,
      'x',
    );

  it('follows strides and padding back to the input', () => {
    const nodes = [
      conv('a', 'x', { strides: [2, 2], pads: [1, 0, 1, 1], kernel_shape: [3, 3] }),
      // A residual with a factor per channel that has lost its place.
      { op: 'GlobalAveragePool', domain: '', name: 'g', inputs: ['a'], outputs: ['g'], attributes: {} },
      { op: 'Mul', domain: '', name: 'm', inputs: ['g', 'a'], outputs: ['m'], attributes: {} },
      conv('b', 'm', { strides: [2, 2], pads: [1, 1, 1, 1], dilations: [2, 1] }),
    ];
    expect(spacing(nodes, 'b')).toEqual([
      { stride: 4, first: 2 },
      { stride: 4, first: 1 },
    ]);
  });

  it('does not guess if it cannot follow', () => {
    expect(spacing([conv('a', 'x', { auto_pad: 'SAME_UPPER', kernel_shape: [3, 3] })], 'a')).toBeNull();
    expect(
      spacing([{ op: 'Resize', domain: '', name: 'r', inputs: ['x'], outputs: ['r'], attributes: {} }], 'r'),
    ).toBeNull();
  });
});
