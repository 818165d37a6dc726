/** Builds the encoder as one graph: decoded pixels in, unit vectors out. */
import { PawdexError } from '../../errors.js';
import { createNode, type Model, type ModelNode } from '../../onnx/onnx-model.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import type { Projection } from '../head/projection.js';
import { requireImageInput, type ScaledBackbone } from '../network/network.js';

export interface EncoderParts extends ScaledBackbone {
  /** Projects unit features to the embedding. Without a head, the unit features are the embedding. */
  readonly head?: Projection | undefined;
}

const PORTS = { pixels: 'pixels', embedding: 'embedding' } as const;

/** Nodes in order, and the constants that they read. */
interface Part {
  nodes: ModelNode[];
  constants: [string, Tensor][];
}

/**
 * Wraps a backbone into the graph that the server runs: `pixels` uint8 [batch, S, S, 3] sRGB -> NCHW -> scaling ->
 * backbone -> unit length -> head -> unit length -> `embedding` float32 [batch, D]. The batch is free.
 *
 * @throws PawdexError model_invalid when the backbone does not have exactly one image input, or the head does not fit
 *   its features
 */
export function buildEncoderModel({ backbone, size, pixels, head }: EncoderParts): Model {
  const input = requireImageInput(backbone);
  const [output] = backbone.outputs;
  const declared = output?.shape[1];
  const features = head?.matrix.shape[0] ?? declared;
  const dimension = head?.matrix.shape[1] ?? features;
  const isFitting = typeof declared !== 'number' || declared === features;
  if (output === undefined || typeof dimension !== 'number' || !isFitting) {
    throw new PawdexError('model_invalid', {
      detail: `The backbone has the output ${output ? `"${output.name}" [${output.shape}]` : 'none'}; the encoder needs [batch, ${features ?? 'F'}].`,
    });
  }
  const before = buildScaling(pixels);
  const after = buildProjection(head);
  const reservedNames = new Set<string>([
    PORTS.pixels,
    PORTS.embedding,
    'scaled_pixels',
    'features',
    ...[...before.nodes, ...after.nodes].flatMap((node) => node.outputs),
    ...[...before.constants, ...after.constants].map(([name]) => name),
  ]);
  const ends = new Map([
    [input.name, 'scaled_pixels'],
    [output.name, 'features'],
  ]);
  const rename = (name: string) => ends.get(name) ?? (reservedNames.has(name) ? `backbone ${name}` : name);
  return {
    opset: backbone.opset,
    inputs: [{ name: PORTS.pixels, dtype: 'uint8', shape: ['batch', size, size, 3] }],
    outputs: [{ name: PORTS.embedding, dtype: 'float32', shape: ['batch', dimension] }],
    nodes: [...before.nodes, ...renameValues(backbone.nodes, rename), ...after.nodes],
    initialisers: new Map([
      ...[...backbone.initialisers].map(([name, tensor]): [string, Tensor] => [rename(name), tensor]),
      ...before.constants,
      ...after.constants,
    ]),
  };
}

/** Renames what nodes read and write, and names those without a name. */
function renameValues(nodes: readonly ModelNode[], rename: (name: string) => string): ModelNode[] {
  return nodes.map((node, i) => ({
    ...node,
    name: node.name || `${node.op}_${i}`,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

/**
 * `pixels` -> `scaled_pixels`. If one scale and a whole zero point fit all channels, DequantizeLinear is the same
 * affine map, and the quantised encoder can feed the decoder's bytes directly to the first integer convolution.
 */
function buildScaling({ mean, std }: EncoderParts['pixels']): Part {
  const transpose = createNode(
    'Transpose',
    [PORTS.pixels],
    ['pixels_nchw'],
    { perm: [0, 3, 1, 2] },
    'to_nchw',
  );
  const means = [mean].flat();
  const stds = [std].flat();
  const [zero = 0, scale = 1] = [means[0], stds[0]];
  const isUniform = means.every((value) => value === zero) && stds.every((value) => value === scale);
  if (isUniform && Number.isInteger(zero) && zero >= 0 && zero <= 255) {
    const inputs = ['pixels_nchw', 'pixel_scale', 'pixel_zero_point'];
    return {
      nodes: [transpose, createNode('DequantizeLinear', inputs, ['scaled_pixels'], {}, 'scale_pixels')],
      constants: [
        ['pixel_scale', createFloatTensor([1 / scale], [])],
        ['pixel_zero_point', { dtype: 'uint8', shape: [], data: Uint8Array.of(zero) }],
      ],
    };
  }
  const perChannel = (values: readonly number[]) =>
    createFloatTensor(values, values.length === 1 ? [] : [1, values.length, 1, 1]);
  return {
    nodes: [
      transpose,
      createNode('Cast', ['pixels_nchw'], ['float_pixels'], { to: 1 }, 'pixels_to_float'),
      createNode('Sub', ['float_pixels', 'pixel_mean'], ['centred_pixels'], {}, 'centre_pixels'),
      createNode('Mul', ['centred_pixels', 'pixel_factor'], ['scaled_pixels'], {}, 'scale_pixels'),
    ],
    constants: [
      ['pixel_mean', perChannel(means)],
      ['pixel_factor', perChannel(stds.map((value) => 1 / value))],
    ],
  };
}

/** `features` -> `embedding`. */
function buildProjection(head: EncoderParts['head']): Part {
  const unit = (name: string, from: string, to: string) =>
    createNode('LpNormalization', [from], [to], { axis: 1, p: 2 }, name);
  if (head === undefined) {
    return { nodes: [unit('unit_embedding', 'features', PORTS.embedding)], constants: [] };
  }
  const inputs = ['unit_features', 'projection_matrix', 'projection_offset'];
  return {
    nodes: [
      unit('unit_features', 'features', 'unit_features'),
      createNode('Gemm', inputs, ['projected'], {}, 'projection'),
      unit('unit_embedding', 'projected', PORTS.embedding),
    ],
    constants: [
      ['projection_matrix', head.matrix],
      ['projection_offset', head.offset],
    ],
  };
}
