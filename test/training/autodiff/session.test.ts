import { describe, expect, it } from 'vitest';
import { createFloatTensor } from '../../../src/onnx/tensor.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';

function graph(): Uint8Array {
  const g = new GraphBuilder();
  const x = g.input('x', 'float32', [2]);
  const y = g.exp(x);
  // an input and a value that are output twice: each needs a copy
  g.output('y', y);
  g.output('y again', y);
  g.output('x itself', x);
  return g.toBytes();
}

const x = createFloatTensor([0, 1]);

describe('running a graph', () => {
  it('gives every output under its name', async () => {
    const session = await GraphSession.open(graph());
    const results = await session.run({ x });
    expect(Object.keys(results).sort()).toEqual(['x itself', 'y', 'y again']);
    expect(results['y again']?.data[1]).toBeCloseTo(Math.E, 5);
    expect(results['x itself']).toEqual(x);
    await session.close();
  });

  it('writes into the buffers it is given', async () => {
    const session = await GraphSession.open(graph());
    const y = createFloatTensor([0, 0]);
    await session.run({ x }, { y });
    expect(y.data[1]).toBeCloseTo(Math.E, 5);
    await session.close();
  });

  it('names a feed that is missing or has the wrong shape', async () => {
    const session = await GraphSession.open(graph());
    await expect(session.run({})).rejects.toThrow('"x" has no value');
    await expect(session.run({ x: createFloatTensor([1, 2, 3]) })).rejects.toThrow(
      expect.objectContaining({ code: 'internal' }),
    );
    await session.close();
  });

  it('refuses bytes that are not a graph', async () => {
    await expect(GraphSession.open(new Uint8Array([1, 2, 3]))).rejects.toThrow(
      expect.objectContaining({ code: 'model_invalid' }),
    );
  });
});
