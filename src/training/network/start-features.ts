/** Keeps the network that training started from inside the trained one, so that an embedding can use both. */
import { PawdexError } from '../../errors.js';
import type { Matrix } from '../../math/matrix.js';
import { computeLength } from '../../math/vectors.js';
import { createNode, type Model } from '../../onnx/onnx-model.js';
import { findTail, SHAPE_ONLY_OPS } from '../../onnx/pooled-tail.js';
import { createFloatTensor, type Tensor } from '../../onnx/tensor.js';
import { findDependents, findProducers } from '../../onnx/walk-model.js';
import type { Projection } from '../head/projection.js';

/** Prefix of names that are computed with the initial weights. */
const START = 'start ';
/** Axis of the channels of a feature map. */
const CHANNELS = 1;

/**
 * Joins the feature map of the start with the trained one, before pooling. Nodes before the first weight that differs are
 * computed once, later ones twice.
 *
 * The features [batch, 2F] are those of `trained`, then those of `start`, pooled. An embedding that is linear in them
 * is linear in the cells of either network.
 *
 * @param start the same network with different values of some weights
 * @returns a model with the inputs and outputs of `trained`
 * @throws PawdexError config_invalid when the network does not end in the global mean of a feature map
 */
export function addStartFeatures(trained: Model, start: Model): Model {
  const map = findPooledMap(trained);
  const startWeights = new Map(
    [...start.initialisers].filter(([name, tensor]) => trained.initialisers.get(name) !== tensor),
  );
  const before = findProducers(trained.nodes, [map]);
  const nodes = trained.nodes.filter((node) => before.has(node));
  const { copies, initialisers, nameInStart } = copyDependents({ ...trained, nodes }, startWeights);
  const joinedMap = `${map} and ${START}`;
  const joined = createNode('Concat', [map, nameInStart(map)], [joinedMap], { axis: CHANNELS });
  const after = trained.nodes
    .filter((node) => !before.has(node))
    .map((node) => ({ ...node, inputs: node.inputs.map((name) => (name === map ? joinedMap : name)) }));
  const outputs = trained.outputs.map((port) => ({
    ...port,
    shape: port.shape.map((size, axis) => (axis === CHANNELS && typeof size === 'number' ? 2 * size : size)),
  }));
  return {
    ...trained,
    outputs,
    nodes: [...nodes, ...copies, joined, ...after],
    initialisers,
  };
}

/** Copies the nodes that depend on some weights. The copies read the given values of these weights. */
function copyDependents({ nodes, initialisers: current }: Model, weights: ReadonlyMap<string, Tensor>) {
  const initialisers = new Map(current);
  for (const [name, tensor] of weights) {
    initialisers.set(START + name, tensor);
  }
  const dependents = findDependents(nodes, weights.keys());
  const nameInStart = (name: string) => (dependents.values.has(name) ? START + name : name);
  const copies = [...dependents.nodes].map((node) => ({
    ...node,
    // Two nodes may have no name, but not the same name.
    name: node.name && START + node.name,
    inputs: node.inputs.map(nameInStart),
    outputs: node.outputs.map(nameInStart),
  }));
  return { copies, initialisers, nameInStart };
}

/**
 * Widens a projection of the trained network's unit features to one of both networks' features. Both parts together
 * have length 1, so the trained part alone is shorter, and the projection is scaled by its mean length.
 *
 * @param projection of [n, F]
 * @param features float32 [n, 2F], unit rows: for the mean length
 * @returns of [n, 2F], on which the features of the start have no influence
 */
export function widenProjection({ matrix, offset }: Projection, features: Matrix): Projection {
  const { data, rows, dimension } = features;
  const [width = 0, to = 0] = matrix.shape;
  let length = 0;
  for (let row = 0; row < rows; row++) {
    length += computeLength(data.subarray(row * dimension, row * dimension + width)) / rows;
  }
  const wide = new Float32Array(dimension * to);
  (matrix.data as Float32Array).forEach((weight, i) => {
    wide[i] = weight / length;
  });
  return { matrix: createFloatTensor(wide, [dimension, to]), offset };
}

/** Finds the feature map whose global mean a network outputs. */
function findPooledMap(model: Model): string {
  const output = model.outputs[0]?.name ?? '';
  try {
    const { map, steps } = findTail(model, output);
    if (steps.every(({ node }) => SHAPE_ONLY_OPS.has(node.op))) {
      return map;
    }
  } catch (error) {
    if (!(error instanceof PawdexError)) {
      throw error;
    }
  }
  throw new PawdexError('config_invalid', {
    detail: `head.general keeps the features of the start, which needs a backbone that ends in the global mean of a feature map. "${output}" does not.`,
    hint: 'Set head.general.features to trained, or export the backbone so that it ends in global average pooling.',
  });
}
