/** Writes an encoder as the server opens it: the graph and its model card. */
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { openSession } from '../../encoder/encoder-session.js';
import { checkCard, type LoadedCard, loadCard, type ModelCard } from '../../encoder/model-card.js';
import { PawdexError } from '../../errors.js';
import { createFolder } from '../../files/create-folder.js';
import { ASIDE, writeSynced } from '../../files/replace-file.js';
import { computeSha256 } from '../../files/sha256.js';
import { createRandom } from '../../math/random.js';
import { computeDot, computeLength } from '../../math/vectors.js';
import { type Model, writeModel } from '../../onnx/onnx-model.js';

/** Fields of the card that cannot be read from the graph. */
export interface EncoderFacts
  extends Pick<ModelCard, 'name' | 'description' | 'licence' | 'vote' | 'training' | 'quality'> {
  /** How photos are resized. */
  readonly kernel: ModelCard['input']['resize']['kernel'];
}

/** Smallest cosine between an embedding computed alone and in a batch, where kernels may sum in another order. */
const SAME = 0.999;

/**
 * Writes `encoder.onnx` and `encoder.json` into a folder, replacing existing ones. Both are first written to temporary
 * files, synced and tested. Then the model is renamed, and after it the card. Between the two renames, or after a crash
 * there, the card's digest does not match, so the encoder is refused and never runs with the wrong card.
 *
 * @param model created by `buildEncoderModel` or `quantise`: `pixels` uint8 [batch, S, S, 3] -> float32 [batch, D]
 * @param name of the two files, without suffix
 * @throws PawdexError model_invalid when onnxruntime cannot run it, or its output is not one unit vector per image that
 *   is independent of the batch; storage_failed when the files cannot be written
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
  const aside = (file: string) => `${file}.${process.pid}${ASIDE}`;
  try {
    createFolder(folder);
    await writeSynced(aside(files.model), bytes);
    await writeSynced(aside(files.card), `${JSON.stringify(card, null, 2)}\n`);
    await tryEncoder(card, aside(files.model));
    await rename(aside(files.model), files.model);
    await rename(aside(files.card), files.card);
  } catch (error) {
    // Errors here have the same cause as the one above.
    await Promise.allSettled(Object.values(files).map((file) => rm(aside(file), { force: true })));
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

/** Embeds two random images, a dark and a bright one, alone and together. */
async function tryEncoder(card: ModelCard, modelPath: string): Promise<void> {
  const random = createRandom(0);
  const { size } = card.input;
  const images = [0, 128].map((dark) =>
    Uint8Array.from({ length: size * size * 3 }, () => dark + Math.floor(128 * random())),
  );
  const { dimension } = card.output;
  const session = await openSession({ card, modelPath, fingerprint: '' }, 1);
  const embed = async (batch: Uint8Array[], what: string, hint: string) =>
    session.run(batch).catch((cause: unknown) => {
      if (cause instanceof PawdexError) {
        throw cause;
      }
      const detail = `The encoder cannot embed ${what}: ${(cause as Error).message}`;
      throw new PawdexError('model_invalid', { detail, hint, cause });
    });
  try {
    const alone: Float32Array[] = [];
    for (const pixels of images) {
      alone.push(await embed([pixels], 'an image', `Check that the network takes ${size} x ${size} pixels.`));
    }
    const together = await embed(images, 'two images at once', 'Export the backbone with a free batch axis.');
    for (const [i, vector] of alone.entries()) {
      requireAlike(vector, together.subarray(i * dimension, (i + 1) * dimension));
    }
  } finally {
    await session.release();
  }
}

/** @throws PawdexError model_invalid if an embedding does not have length 1, or depends on the batch */
function requireAlike(alone: Float32Array, inBatch: Float32Array): void {
  const length = computeLength(alone);
  if (!(Math.abs(length - 1) < 1e-3)) {
    throw new PawdexError('model_invalid', {
      detail: `The encoder gives a vector of length ${length}, not 1.`,
    });
  }
  if (!(computeDot(alone, inBatch) >= SAME)) {
    throw new PawdexError('model_invalid', {
      detail: 'The embedding of an image depends on the other images in the batch.',
      hint: 'Use stored statistics for normalisation, not those of the batch.',
    });
  }
}
