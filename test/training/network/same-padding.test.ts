/** A backbone padded for another size is padded as ONNX Runtime understands SAME_UPPER. */
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/config.js';
import { createRandom } from '../../../src/math/random.js';
import { type Model, writeModel } from '../../../src/onnx/onnx-model.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';
import { createSmallNetwork, readBackbone } from '../../../src/training/network/backbone.js';
import { padAsSame } from '../../../src/training/network/same-padding.js';

const LITE2 = path.join(PACKAGE_ROOT, 'models/backbone.onnx');
const padsOf = (model: Model) => model.nodes.map(({ attributes }) => attributes.pads);

async function features(model: Model, side: number): Promise<number[]> {
  const random = createRandom(5);
  const data = Float32Array.from({ length: 3 * side * side }, () => 2 * random() - 1);
  const session = await GraphSession.open(writeModel(model), { threads: 1 });
  const out = await session.run({ pixel_values: { dtype: 'float32', shape: [1, 3, side, side], data } });
  await session.close();
  return Array.from(out.features!.data as Float32Array);
}

/** The small network, where ONNX Runtime resolves the padding. */
function resolvedByOnnxRuntime(side: number): Model {
  const model = createSmallNetwork(side, 1);
  const nodes = model.nodes.map((node) => {
    if (node.op !== 'Conv') {
      return node;
    }
    const { pads: _stored, ...attributes } = node.attributes;
    return { ...node, attributes: { ...attributes, auto_pad: 'SAME_UPPER' } };
  });
  return { ...model, nodes };
}

describe('padAsSame', () => {
  it.each([32, 33, 30])(
    'gives the features that ONNX Runtime computes with SAME_UPPER at %i pixels',
    async (side) => {
      const expected = await features(resolvedByOnnxRuntime(side), side);
      const found = await features(padAsSame(createSmallNetwork(32, 1), side), side);
      expect(found).toEqual(expected);
      const stored = await features(createSmallNetwork(side, 1), side);
      if (side === 32) {
        expect(stored).not.toEqual(expected);
      }
    },
  );

  it('leaves the shipped backbone as it is at its own size, and not at another', async () => {
    const own = { size: 260, seed: 1 };
    const stored = await readBackbone(LITE2, { ...own, padding: 'stored' });
    expect(padsOf(await readBackbone(LITE2, { ...own, padding: 'same' }))).toEqual(padsOf(stored));
    const smaller = await readBackbone(LITE2, { size: 256, seed: 1, padding: 'same' });
    expect(padsOf(smaller)).not.toEqual(padsOf(stored));
    expect(smaller.inputs[0]!.shape.slice(1)).toEqual([3, 256, 256]);
  });

  it('says which operator hides the size', () => {
    const model = createSmallNetwork(32, 1);
    const [first] = model.nodes;
    const hidden = { ...first!, op: 'Resize', name: 'grow', inputs: ['pixel_values'], outputs: ['grown'] };
    const nodes = [hidden, { ...first!, name: 'stem', inputs: ['grown', ...first!.inputs.slice(1)] }];
    expect(() => padAsSame({ ...model, nodes }, 32)).toThrow(
      expect.objectContaining({ code: 'model_invalid', detail: expect.stringContaining('stem') }),
    );
  });
});
