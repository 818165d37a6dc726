/**
 * Feature maps of several depths pooled side by side (Hariharan et al. 2015, arXiv 1411.5752, "Hypercolumns"): the last
 * layers know what a picture shows, those before them still know what coats look like. It costs next to nothing, since
 * the maps are computed anyway.
 */
import { findTail, PASSING } from '../../encoder/cells/tail.js';
import { PawdexError } from '../../errors.js';
import type { Model, ModelNode } from '../../onnx/model.js';
import { computing } from './split.js';

/** Axis of a feature map's channels. */
export const CHANNELS = 1;

/** An operator that joins maps [batch, channels, rows, columns] into one. */
export function concatenation(inputs: readonly string[], output: string): ModelNode {
  return {
    op: 'Concat',
    domain: '',
    name: output,
    inputs: [...inputs],
    outputs: [output],
    attributes: { axis: CHANNELS },
  };
}

/**
 * Name of the feature map whose global mean a network gives.
 *
 * @param setting the setting of a recipe that needs it, and what to set instead, for the error
 * @throws PawdexError `config_invalid` when it gives something else
 */
export function pooledMap(model: Model, setting: { name: string; hint: string }): string {
  const output = model.outputs[0]?.name ?? '';
  try {
    const { map, steps } = findTail(model, output);
    if (steps.every(({ node }) => PASSING.has(node.op))) return map;
  } catch (error) {
    if (!(error instanceof PawdexError)) throw error;
  }
  throw new PawdexError('config_invalid', {
    detail: `${setting.name} joins feature maps, and the backbone's "${output}" is not the global mean of one.`,
    hint: setting.hint,
  });
}

/**
 * Puts maps from within a network beside its last one, before they are pooled.
 *
 * @param levels names of values in the model, of as many rows and columns as the last map; none changes nothing
 * @returns inputs and outputs are named as in `model`; the features are those of the last map, then those of each level
 * @throws PawdexError `config_invalid` for a name that the model does not have, or one that does not end in the global
 *   mean of a map
 */
export function withLevels(model: Model, levels: readonly string[]): Model {
  if (levels.length === 0) return model;
  const hint = 'Leave it out, or export the backbone so that it ends in global average pooling.';
  const map = pooledMap(model, { name: 'backbone.levels', hint });
  const made = model.nodes.flatMap(({ outputs }) => outputs);
  const givesMap = model.nodes.find(({ outputs }) => outputs.includes(map));
  for (const name of levels)
    if (!made.includes(name) || givesMap === undefined || computing(model.nodes, [name]).has(givesMap))
      throw new PawdexError('config_invalid', {
        detail: `backbone.levels: "${name}" is no value that the backbone computes before its last map.`,
        hint: `Values shortly before that are called ${made.slice(made.indexOf(map) - 4, made.indexOf(map)).join(', ')}.`,
      });
  const joined = concatenation([map, ...levels], [map, ...levels].join(' and '));
  const before = computing(model.nodes, joined.inputs);
  const after = model.nodes
    .filter((node) => !before.has(node))
    .map((node) => ({
      ...node,
      inputs: node.inputs.map((name) => (name === map ? (joined.outputs[0] as string) : name)),
    }));
  return {
    ...model,
    // How many channels the levels have is for shape inference to say.
    outputs: model.outputs.map((port) => ({
      ...port,
      shape: port.shape.map((size, axis) => (axis === CHANNELS ? 'features' : size)),
    })),
    nodes: [...model.nodes.filter((node) => before.has(node)), joined, ...after],
  };
}

/** The maps that a map is joined of, or the map alone. */
export function joinedMaps(model: Model, map: string): readonly string[] {
  const node = model.nodes.find(({ outputs }) => outputs.includes(map));
  return node !== undefined && isJoint(node) ? node.inputs : [map];
}

const isJoint = ({ op, domain, attributes }: ModelNode): boolean =>
  op === 'Concat' && domain === '' && attributes.axis === CHANNELS;

/**
 * The same network with joined maps pooled one by one: a few numbers of each then cross a cut between them, and not the
 * whole map. The mean does not care; explanations do, which is why {@link withLevels} joins first.
 */
export function pooledFirst(model: Model): Model {
  const joints = new Map(model.nodes.filter(isJoint).map((node) => [node.outputs[0] as string, node]));
  const nodes = model.nodes.flatMap((node) => {
    const joint =
      node.op === 'GlobalAveragePool' && node.domain === '' ? joints.get(node.inputs[0]!) : undefined;
    if (joint === undefined) return [node];
    const pooled = joint.inputs.map((map) => ({
      ...node,
      name: node.name && `${node.name} of ${map}`,
      inputs: [map],
      outputs: [`${node.outputs[0]} of ${map}`],
    }));
    return [
      ...pooled,
      concatenation(
        pooled.map(({ outputs }) => outputs[0] as string),
        node.outputs[0] as string,
      ),
    ];
  });
  const needed = computing(
    nodes,
    model.outputs.map(({ name }) => name),
  );
  return { ...model, nodes: nodes.filter((node) => needed.has(node)) };
}
