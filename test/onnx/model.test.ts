import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PawdexError } from '../../src/errors.js';
import { asFloat, type Model, readModel, writeModel } from '../../src/onnx/onnx-model.js';
import { decodeModel, encodeModel } from '../../src/onnx/onnx-proto.js';
import { createFloatTensor, createIntTensor } from '../../src/onnx/tensor.js';

const model: Model = {
  opset: 18,
  inputs: [{ name: 'x', dtype: 'float32', shape: ['batch', 3] }],
  outputs: [{ name: 'y', dtype: 'float32', shape: ['batch', 2] }],
  nodes: [
    {
      op: 'Gemm',
      domain: '',
      name: 'head',
      inputs: ['x', 'w', ''],
      outputs: ['h'],
      attributes: { alpha: asFloat(0.5), transB: 1 },
    },
    {
      op: 'Reshape',
      domain: '',
      name: '',
      inputs: ['h', 's'],
      outputs: ['y'],
      attributes: { note: 'text', ints: [1, -2] },
    },
  ],
  initialisers: new Map([
    ['w', createFloatTensor([1, 2, 3, 4, 5, 6], [2, 3])],
    ['s', createIntTensor([-1, 2])],
  ]),
};

/** The error of reading a model whose protobuf form was changed. */
function errorOf(change: (proto: ReturnType<typeof decodeModel>) => void): PawdexError {
  const proto = decodeModel(writeModel(model));
  change(proto);
  try {
    readModel(encodeModel(proto));
  } catch (error) {
    if (error instanceof PawdexError) {
      return error;
    }
    throw error;
  }
  throw new Error('the model was read');
}

describe('ONNX files', () => {
  it('reads back what it writes', () => {
    expect(readModel(writeModel(model))).toEqual(model);
  });

  it('reads values stored in typed fields', () => {
    const proto = decodeModel(writeModel(model));
    const [w, s] = proto.graph?.initializer ?? [];
    Object.assign(w ?? {}, { rawData: new Uint8Array(), floatData: [1, 2, 3, 4, 5, 6] });
    Object.assign(s ?? {}, { rawData: new Uint8Array(), int64Data: [-1, 2] });
    expect(readModel(encodeModel(proto)).initialisers).toEqual(model.initialisers);
  });

  it('refuses bytes that are not a model', () => {
    for (const bytes of [
      new Uint8Array(),
      new TextEncoder().encode('not a model at all'),
      Uint8Array.of(255, 255, 1),
    ]) {
      expect(() => readModel(bytes)).toThrow(expect.objectContaining({ code: 'model_invalid' }));
    }
  });

  it('refuses external data, naming the initialiser', () => {
    const error = errorOf((proto) => Object.assign(proto.graph?.initializer[0] ?? {}, { dataLocation: 1 }));
    expect(error).toMatchObject({
      code: 'model_invalid',
      detail: expect.stringContaining('"w" stores its values'),
    });
  });

  it('refuses float16 weights, naming the type', () => {
    const error = errorOf((proto) => Object.assign(proto.graph?.initializer[0] ?? {}, { dataType: 10 }));
    expect(error.detail).toContain('float16');
  });

  it('refuses an initialiser with too few values', () => {
    const error = errorOf((proto) => Object.assign(proto.graph?.initializer[0] ?? {}, { dims: [7, 3] }));
    expect(error.detail).toContain('6 values for the shape [7,3]');
  });

  it('refuses control flow, naming the node', () => {
    const error = errorOf((proto) => Object.assign(proto.graph?.node[0]?.attribute[0] ?? {}, { type: 5 }));
    expect(error.detail).toContain('Gemm "head"');
  });

  it('refuses local functions', () => {
    expect(errorOf((proto) => Object.assign(proto, { functions: [Uint8Array.of(1)] })).detail).toContain(
      'functions',
    );
  });
});

const weights = ['lite0', 'lite2'].map((name) => `../shared/weights/efficientnet-${name}.onnx`);
describe.skipIf(!weights.every((file) => existsSync(file)))(
  'the start weights (needs ../shared/weights)',
  () => {
    it.each(weights)('%s survives reading and writing', (file) => {
      const read = readModel(readFileSync(file));
      expect(read.nodes.length).toBeGreaterThan(90);
      const again = readModel(writeModel(read));
      expect(again.nodes).toEqual(read.nodes);
      // As bytes: comparing millions of numbers one by one takes a minute.
      const bytesOf = (model: Model) =>
        [...model.initialisers].map(([name, { data }]) => [
          name,
          Buffer.from(data.buffer).toString('base64'),
        ]);
      expect(bytesOf(again).join() === bytesOf(read).join()).toBe(true);
    });
  },
);
