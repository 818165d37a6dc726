/** Writes an encoder as the server opens it: the graph and its model card. */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { checkEncoder } from '../../encoder/check-encoder.js';
import { checkCard, type LoadedCard, loadCard, type ModelCard } from '../../encoder/model-card.js';
import { asPawdexError, PawdexError } from '../../errors.js';
import { createFolder } from '../../files/create-folder.js';
import { TEMPORARY_SUFFIX, writeSynced } from '../../files/replace-file.js';
import { computeSha256 } from '../../files/sha256.js';
import { type Model, writeModel } from '../../onnx/onnx-model.js';

/** Fields of the card that cannot be read from the graph. */
export interface EncoderFacts
  extends Pick<ModelCard, 'name' | 'description' | 'licence' | 'vote' | 'training' | 'quality'> {
  /** How photos are resized. */
  readonly kernel: ModelCard['input']['resize']['kernel'];
}

/**
 * Writes `encoder.onnx` and `encoder.json` into a folder, replacing existing ones. Both are first written to temporary
 * files, synced and tested. Then the model is renamed, and after it the card. Between the two renames, or after a crash
 * there, the card's digest does not match, so the encoder is refused and never runs with the wrong card.
 *
 * @param model created by `buildEncoderModel` or `quantise`: `pixels` uint8 [batch, S, S, 3] -> float32 [batch, D]
 * @param name of the two files, without suffix
 * @throws PawdexError model_invalid when onnxruntime cannot run it, or its output is not one unit vector per image that
 *   depends on that image only; storage_failed when the files cannot be written
 */
export async function writeEncoder(
  folder: string,
  model: Model,
  facts: EncoderFacts,
  name = 'encoder',
): Promise<LoadedCard> {
  const bytes = writeModel(model);
  const card = createCard(model, bytes, facts, `${name}.onnx`);
  const files = { model: path.join(folder, card.file), card: path.join(folder, `${name}.json`) };
  const toTemporary = (file: string) => `${file}.${process.pid}${TEMPORARY_SUFFIX}`;
  try {
    createFolder(folder);
    await writeSynced(toTemporary(files.model), bytes);
    await writeSynced(toTemporary(files.card), `${JSON.stringify(card, null, 2)}\n`);
    await checkWritten(card, toTemporary(files.model));
    await rename(toTemporary(files.model), files.model);
    await rename(toTemporary(files.card), files.card);
  } catch (error) {
    // Errors here have the same cause as the one above.
    await Promise.allSettled(Object.values(files).map((file) => rm(toTemporary(file), { force: true })));
    if ((error as NodeJS.ErrnoException).syscall === undefined) {
      throw error;
    }
    throw new PawdexError('storage_failed', {
      detail: `The encoder cannot be written to ${folder}: ${(error as Error).message}.`,
      hint: 'Check that the folder is writable and the disk has space.',
      cause: error,
    });
  }
  return loadCard(files.card);
}

function createCard(model: Model, bytes: Uint8Array, facts: EncoderFacts, file: string): ModelCard {
  const [input] = model.inputs;
  const [output] = model.outputs;
  const { kernel, name, description, licence, vote, training, quality } = facts;
  return checkCard(
    {
      formatVersion: 1,
      name,
      description,
      file,
      sha256: computeSha256(bytes),
      input: {
        name: input?.name,
        type: input?.dtype,
        layout: 'NHWC',
        size: input?.shape[1],
        resize: { fit: 'cover', kernel },
      },
      output: { name: output?.name, dimension: output?.shape[1] },
      metric: 'cosine',
      licence,
      vote,
      training,
      quality,
    },
    `The card of ${name}`,
  );
}

/** @throws PawdexError model_invalid when the encoder does not run, or its output is no embedding */
async function checkWritten(card: ModelCard, modelPath: string): Promise<void> {
  await checkEncoder({ card, modelPath, fingerprint: '' }).catch((error: unknown) => {
    const { code, detail, hint } = asPawdexError(error);
    throw code === 'encoder_unsuitable'
      ? new PawdexError('model_invalid', { detail, hint, cause: error })
      : error;
  });
}
