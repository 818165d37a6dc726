/** The network that is trained: pixels -> backbone -> head, with its weights at the start. */
import { PawdexError } from '../../errors.js';
import type { Model, ModelPort } from '../../onnx/onnx-model.js';
import type { Value } from '../../onnx/onnx-values.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import type { GraphBuilder } from '../autodiff/graph-builder.js';
import { importModel } from '../autodiff/import/import-model.js';
import type { Projection } from '../head/projection.js';
import { appendUnitRows } from '../losses/contrast.js';
import type { Recipe } from '../recipe/recipe-schema.js';

/** Names of the head's weights in a training state. */
export const HEAD = { matrix: 'head.matrix', offset: 'head.offset' } as const;

/** A backbone, and how pixels are scaled for it. */
export interface ScaledBackbone {
  /** One image input, float32 [batch, 3, S, S]; its first output is one vector per image, float32 [batch, F]. */
  readonly backbone: Model;
  /** S, the side of the square input in pixels. */
  readonly size: number;
  /** The input of the backbone is (pixel - mean) / std, with pixels 0..255; one number, or one per channel. */
  readonly pixels: Recipe['backbone']['pixels'];
}

/** A backbone with the head that projects its unit features to the embedding. */
export interface Network extends ScaledBackbone {
  readonly head: Projection;
}

/**
 * Returns the image input of a backbone.
 *
 * @throws PawdexError model_invalid when it has several inputs, or one that is not a float32 NCHW image
 */
export function requireImageInput(backbone: Model): ModelPort {
  const [input, ...others] = backbone.inputs;
  if (input === undefined || others.length > 0 || input.dtype !== 'float32' || input.shape.length !== 4) {
    throw new PawdexError('model_invalid', {
      detail: `The backbone takes ${backbone.inputs.map(({ name, dtype, shape }) => `"${name}" ${dtype} [${shape}]`).join(', ')}; the trainer needs one input, float32 [batch, 3, S, S].`,
    });
  }
  return input;
}

/**
 * Appends the input for decoded pixels, scaled for the backbone.
 *
 * @returns float32 [batch, 3, S, S]
 */
export function appendPixels(
  g: GraphBuilder,
  batch: number,
  { size, pixels }: Pick<ScaledBackbone, 'size' | 'pixels'>,
): Value {
  const raw = g.input('pixels', 'uint8', [batch, size, size, 3]);
  const perChannel = (value: number | readonly number[]): Value =>
    g.constant(createFloatTensor([value].flat(), typeof value === 'number' ? [] : [3]));
  const float = g.cast(raw, 'float32');
  return g.transpose(g.div(g.sub(float, perChannel(pixels.mean)), perChannel(pixels.std)), [0, 3, 1, 2]);
}

/**
 * Appends the backbone. BatchNormalization keeps the statistics of the file, because those of a batch with few labels
 * differ.
 *
 * @param pixels float32 [batch, 3, S, S]
 * @param trainable names of the weights to train; default: none
 * @returns its first output, float32 [batch, F], at unit length
 * @throws PawdexError model_invalid when that is not one vector per image
 */
export async function appendBackbone(
  g: GraphBuilder,
  backbone: Model,
  pixels: Value,
  trainable: ReadonlySet<string> = new Set(),
): Promise<Value> {
  const inputs = { [requireImageInput(backbone).name]: pixels };
  const outputs = await importModel(g, backbone, { inputs, trainable });
  const [features] = outputs.values();
  if (features?.shape.length !== 2 || features.shape[0] !== pixels.shape[0]) {
    throw new PawdexError('model_invalid', {
      detail: `The backbone's first output is [${features?.shape}]; the trainer needs one vector per image, [batch, F].`,
      hint: 'Export it without the classifier, pooled and flattened.',
    });
  }
  return appendUnitRows(g, features);
}

/**
 * Appends the head, which is always trained.
 *
 * @param features float32 [batch, F]
 * @returns float32 [batch, D], not of unit length, because losses and export normalise
 */
export function appendHead(g: GraphBuilder, { matrix, offset }: Projection, features: Value): Value {
  if (matrix.shape[0] !== features.shape[1]) {
    throw new PawdexError('model_invalid', {
      detail: `The head takes ${matrix.shape[0]} features, but the backbone has ${features.shape[1]}.`,
    });
  }
  const weights = [g.parameter(HEAD.matrix, matrix), g.parameter(HEAD.offset, offset)] as const;
  return g.op('Gemm', [features, ...weights]);
}

/** Replaces the weights of a network by trained ones. Names that the network does not have are ignored. */
export function replaceWeights(network: Network, weights: Readonly<Record<string, Tensor>>): Network {
  const initialisers = new Map(
    [...network.backbone.initialisers].map(([name, tensor]) => [name, weights[name] ?? tensor]),
  );
  return {
    ...network,
    backbone: { ...network.backbone, initialisers },
    head: {
      matrix: weights[HEAD.matrix] ?? network.head.matrix,
      offset: weights[HEAD.offset] ?? network.head.offset,
    },
  };
}
