/** Reads the network that training starts from: an ONNX file, or a small network with random weights. */
import { readFile } from 'node:fs/promises';
import { PawdexError } from '../../errors.js';
import { createNormalRandom, mixSeed } from '../../math/random.js';
import { type Attributes, createNode, type Model, type ModelNode, readModel } from '../../onnx/onnx-model.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import { padAsSame } from './same-padding.js';

/** Names {@link createSmallNetwork} instead of a file. */
export const SMALL_NETWORK = 'builtin:small-cnn';

/** Channels of its layers. Each layer halves the sides. */
const WIDTHS = [32, 64, 128, 256];

interface BackboneOptions {
  /** Side of the square input, in pixels. */
  size: number;
  /** See the recipe's `backbone.padding`. */
  padding: 'stored' | 'same';
  /** Seed of random weights. */
  seed: number;
}

/**
 * Reads a backbone.
 *
 * @param file an ONNX file, or {@link SMALL_NETWORK}
 * @throws PawdexError file_unreadable, model_invalid
 */
export async function readBackbone(file: string, { size, padding, seed }: BackboneOptions): Promise<Model> {
  if (file === SMALL_NETWORK) {
    return createSmallNetwork(size, seed);
  }
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new PawdexError('file_unreadable', {
      detail: `Cannot read the backbone ${file}: ${cause.code}.`,
      cause,
    });
  });
  const model = readModel(bytes);
  return padding === 'same' ? padAsSame(model, size) : model;
}

/**
 * Creates a convolutional network for training from scratch in minutes: four 3x3 convolutions of stride 2 with ReLU,
 * then a global average. Weights are initialised as in He et al. (arXiv 1502.01852), so four layers need no
 * normalisation.
 *
 * @param size side of the square input
 * @returns `pixel_values` float32 [batch, 3, size, size] -> `features` float32 [batch, 256]
 */
export function createSmallNetwork(size: number, seed: number): Model {
  const nodes: ModelNode[] = [];
  const initialisers = new Map<string, Tensor>();
  const append = (op: string, inputs: string[], attributes: Attributes = {}): string => {
    const name = `${op.toLowerCase()}_${nodes.length}`;
    nodes.push(createNode(op, inputs, [name], attributes));
    return name;
  };
  let x = 'pixel_values';
  let channels = 3;
  WIDTHS.forEach((width, layer) => {
    const normal = createNormalRandom(mixSeed(seed, layer));
    const scale = Math.sqrt(2 / (9 * channels));
    const names = [`layer${layer}.weight`, `layer${layer}.bias`] as const;
    const data = Float32Array.from({ length: width * channels * 9 }, () => normal() * scale);
    initialisers.set(names[0], createFloatTensor(data, [width, channels, 3, 3]));
    initialisers.set(names[1], createFloatTensor(new Float32Array(width)));
    const attributes = { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] };
    x = append('Relu', [append('Conv', [x, ...names], attributes)]);
    channels = width;
  });
  const pooled = append('GlobalAveragePool', [x]);
  nodes.push(createNode('Flatten', [pooled], ['features'], { axis: 1 }));
  return {
    opset: 17,
    inputs: [{ name: 'pixel_values', dtype: 'float32', shape: ['batch', 3, size, size] }],
    outputs: [{ name: 'features', dtype: 'float32', shape: ['batch', channels] }],
    nodes,
    initialisers,
  };
}
