/** Prepares a float encoder for quantisation, with ONNX Runtime's own optimisations. */
import '../../../encoder/no-telemetry.js';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { PawdexError } from '../../../errors.js';
import { type Model, readModel, writeModel } from '../../../onnx/onnx-model.js';

/** The first operator set that can dequantise weights per channel. */
const PER_CHANNEL_OPSET = 13;

/**
 * Folds constants and batch normalisation into the convolutions and removes nodes that compute nothing. These are
 * onnxruntime's basic optimisations, which its own quantisation tool recommends to run first.
 *
 * @returns an equivalent model with the same inputs and outputs
 * @throws PawdexError model_invalid when onnxruntime cannot load it or its operator set is too old
 */
export async function prepareEncoder(model: Model): Promise<Model> {
  if (model.opset < PER_CHANNEL_OPSET) {
    throw new PawdexError('model_invalid', {
      detail: `The encoder uses the ONNX operator set ${model.opset}; quantisation per channel needs ${PER_CHANNEL_OPSET}.`,
      hint: 'Export it again with a newer operator set, or convert it with onnx.version_converter.',
    });
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'pawdex-quantise-'));
  try {
    const file = path.join(folder, 'prepared.onnx');
    const session = await ort.InferenceSession.create(writeModel(model), {
      executionProviders: ['cpu'],
      graphOptimizationLevel: 'basic',
      optimizedModelFilePath: file,
    }).catch((cause: unknown) => {
      const detail = `onnxruntime cannot load the encoder: ${(cause as Error).message}`;
      throw new PawdexError('model_invalid', { detail, cause });
    });
    await session.release();
    return { ...readModel(await readFile(file)), inputs: model.inputs, outputs: model.outputs };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
