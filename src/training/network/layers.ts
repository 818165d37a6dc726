/** Finds the layers of a model, and which of their weights a recipe trains. */
import { PawdexError } from '../../errors.js';
import type { Model, ModelNode } from '../../onnx/onnx-model.js';
import { countElements } from '../../onnx/tensor.js';
import type { Recipe } from '../recipe/recipe-schema.js';

/** Operators whose constant inputs are settings, not weights. */
const OPS_WITHOUT_WEIGHTS = new Set(
  'Clip Pad Reshape Resize Slice Pow DequantizeLinear QuantizeLinear'.split(' '),
);

/**
 * Finds the float32 initialisers that each operator reads, in the order of the data flow. A shared one belongs to the first
 * operator that reads it.
 */
function findLayers(model: Model): string[][] {
  const assigned = new Set<string>();
  return model.nodes.flatMap((node) => {
    const weights = findWeights(node, model).filter((name) => !assigned.has(name));
    for (const name of weights) {
      assigned.add(name);
    }
    return weights.length === 0 ? [] : [weights];
  });
}

function findWeights(node: ModelNode, model: Model): string[] {
  if (OPS_WITHOUT_WEIGHTS.has(node.op)) {
    return [];
  }
  // Running statistics are measured, not trained.
  const inputs = node.op === 'BatchNormalization' ? node.inputs.slice(0, 3) : node.inputs;
  return [...new Set(inputs)].filter((name) => {
    const tensor = model.initialisers.get(name);
    return tensor?.dtype === 'float32' && countElements(tensor.shape) > 1;
  });
}

/**
 * Selects the weights that a recipe trains, with the factor of each on the learning rate.
 *
 * @returns weight name -> factor, 0..1; 1 for the topmost layer
 * @throws PawdexError config_invalid for a pattern that is invalid or matches nothing
 */
export function selectTrainableWeights(backbone: Model, { freeze, optimiser }: Recipe): Map<string, number> {
  const layers = findLayers(backbone);
  const patterns = freeze.names.map((text) => compilePattern(text, layers.flat()));
  const factors = new Map<string, number>();
  layers.forEach((weights, i) => {
    for (const name of weights) {
      if (i >= freeze.layers && !patterns.some((pattern) => pattern.test(name))) {
        factors.set(name, optimiser.layerDecay ** (layers.length - 1 - i));
      }
    }
  });
  return factors;
}

/** @throws PawdexError config_invalid for a pattern that is invalid or matches none of the weights */
function compilePattern(text: string, weights: readonly string[]): RegExp {
  let pattern: RegExp;
  try {
    pattern = new RegExp(text);
  } catch (cause) {
    throw new PawdexError('config_invalid', { detail: `freeze.names: ${(cause as Error).message}`, cause });
  }
  if (!weights.some((name) => pattern.test(name))) {
    throw new PawdexError('config_invalid', {
      detail: `freeze.names: no weight of the backbone matches "${text}".`,
      hint: `Its weights have names like ${weights.slice(0, 3).join(', ')}.`,
    });
  }
  return pattern;
}
