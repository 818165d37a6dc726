/** Small image encoders with random weights, as files: a convolutional network and a vision transformer. */
import { type Attribute, asFloat, type ModelNode, writeModel } from '../../src/onnx/onnx-model.js';
import type { Tensor } from '../../src/onnx/tensor.js';
import { random } from '../store/items.js';

const SIZE = 32;

/** Collects nodes and weights. */
class Network {
  readonly nodes: ModelNode[] = [];
  readonly initialisers = new Map<string, Tensor>();
  readonly #next;

  constructor(seed: number) {
    this.#next = random(seed);
  }

  weight(name: string, shape: number[], scale = 0.5): string {
    const length = shape.reduce((product, each) => product * each, 1);
    const data = Float32Array.from({ length }, () => (this.#next() * 2 - 1) * scale);
    this.initialisers.set(name, { dtype: 'float32', shape, data });
    return name;
  }

  integers(name: string, values: number[]): string {
    const data = BigInt64Array.from(values, BigInt);
    this.initialisers.set(name, { dtype: 'int64', shape: [values.length], data });
    return name;
  }

  add(op: string, inputs: string[], output: string, attributes: Record<string, Attribute> = {}): string {
    this.nodes.push({ op, domain: '', name: output, inputs, outputs: [output], attributes });
    return output;
  }

  write(inputShape: (number | string)[], outputs: string[], input = 'pixel_values'): Uint8Array {
    return writeModel({
      opset: 17,
      inputs: [{ name: input, dtype: 'float32', shape: inputShape }],
      outputs: outputs.map((name) => ({ name })),
      nodes: this.nodes,
      initialisers: this.initialisers,
    });
  }
}

/** Options of {@link cnn}. */
interface CnnOptions {
  seed?: number;
  dimension?: number;
  /** Without a head, the output is a map [batch, 8, 4, 4]. */
  hasHead?: boolean;
  batch?: number | string;
  layout?: 'NCHW' | 'NHWC';
  size?: number | string;
}

/** A convolution, a rectifier, the mean over the map and a projection, as timm exports them. */
export function cnn(options: CnnOptions = {}): Uint8Array {
  const { seed = 1, dimension = 16, hasHead = true, batch = 'batch', layout = 'NCHW', size = SIZE } = options;
  const net = new Network(seed);
  const pixels =
    layout === 'NCHW'
      ? 'pixel_values'
      : net.add('Transpose', ['pixel_values'], 'channels_first', { perm: [0, 3, 1, 2] });
  const kernel = net.weight('kernel', [8, 3, 8, 8], 0.2);
  const map = net.add('Conv', [pixels, kernel, net.weight('bias', [8])], 'map', {
    strides: [8, 8],
    kernel_shape: [8, 8],
  });
  const active = net.add('Relu', [map], hasHead ? 'active' : 'feature_map');
  if (hasHead) {
    const pooled = net.add('GlobalAveragePool', [active], 'pooled');
    const flat = net.add('Flatten', [pooled], 'flat');
    net.add('MatMul', [flat, net.weight('head', [8, dimension])], 'embedding');
  }
  const shape = layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3];
  return net.write(shape, [hasHead ? 'embedding' : 'feature_map']);
}

/** Patches, a class token, a block of attention and a layer norm, as DINO and CLIP export them. */
export function vit({ seed = 2, dimension = 24, isClip = false } = {}): Uint8Array {
  const net = new Network(seed);
  const d = dimension;
  const patches = net.add('Conv', ['pixel_values', net.weight('patch', [d, 3, 8, 8], 0.2)], 'patches', {
    strides: [8, 8],
    kernel_shape: [8, 8],
  });
  const rows = net.add('Reshape', [patches, net.integers('rows_shape', [0, d, -1])], 'rows');
  const tokens = net.add('Transpose', [rows], 'patch_tokens', { perm: [0, 2, 1] });
  const first = net.add(
    'Slice',
    [tokens, net.integers('from', [0]), net.integers('to', [1]), net.integers('axis', [1])],
    'first',
  );
  const zero = net.add('Sub', [first, first], 'zero');
  const token = net.add('Add', [zero, net.weight('class_token', [1, 1, d])], 'token');
  const joined = net.add('Concat', [token, tokens], 'joined', { axis: 1 });
  const placed = net.add('Add', [joined, net.weight('positions', [1, 17, d])], 'placed');
  const [query, key, value] = ['query', 'key', 'value'].map((name) =>
    net.add('MatMul', [placed, net.weight(`${name}_weight`, [d, d])], name),
  ) as [string, string, string];
  const keys = net.add('Transpose', [key], 'keys', { perm: [0, 2, 1] });
  const attention = net.add('Softmax', [net.add('MatMul', [query, keys], 'scores')], 'attention', {
    axis: -1,
  });
  const mixed = net.add('Add', [placed, net.add('MatMul', [attention, value], 'mix')], 'mixed');
  const scale = net.weight('scale', [d]);
  net.add('LayerNormalization', [mixed, scale, net.weight('shift', [d])], 'last_hidden_state', {
    axis: -1,
    epsilon: asFloat(1e-5),
  });
  if (!isClip) {
    return net.write(['batch', 3, SIZE, SIZE], ['last_hidden_state']);
  }
  const indices = net.integers('class_index', [0]);
  const classToken = net.add('Gather', ['last_hidden_state', indices], 'class', { axis: 1 });
  const flat = net.add('Flatten', [classToken], 'flat');
  net.add('MatMul', [flat, net.weight('projection', [d, 12])], 'image_embeds');
  return net.write(['batch', 3, SIZE, SIZE], ['last_hidden_state', 'image_embeds']);
}
