/** Converts a float encoder on disk to an int8 encoder with a card. */
import { readFile } from 'node:fs/promises';
import type { LoadedCard } from '../../encoder/model-card.js';
import { PawdexError } from '../../errors.js';
import { type Model, readModel } from '../../onnx/onnx-model.js';
import { buildEncoderModel } from './encoder-model.js';
import { type QuantisedEncoder, type QuantiseOptions, quantise } from './quantise/quantise-model.js';
import { writeEncoder } from './write-encoder.js';

/**
 * Quantises the encoder that a card describes. If it takes scaled float pixels, the scaling moves into the graph first. The
 * new card copies the old one, except for the quality, which was measured in float.
 *
 * @param photos decoded by the card's resize rule, uint8 [S, S, 3] each
 * @param folder where `encoder.onnx` and `encoder.json` are written
 * @returns the written encoder, and how well it agrees with the float one
 * @throws PawdexError model_invalid for an encoder that the server has to adapt to; as `quantise` and `writeEncoder` do
 */
export async function quantiseEncoder(
  { card, modelPath }: LoadedCard,
  photos: readonly Uint8Array[],
  folder: string,
  options: QuantiseOptions = {},
): Promise<Omit<QuantisedEncoder, 'model'> & { encoder: LoadedCard }> {
  checkForm(card);
  const { name, description, licence, vote, training, input } = card;
  const { model, ...outcome } = await quantise(
    buildByteModel(readModel(await readFile(modelPath)), card),
    photos,
    options,
  );
  const encoder = await writeEncoder(folder, model, {
    name,
    description,
    licence,
    vote,
    kernel: input.resize.kernel,
    training: {
      ...training,
      quantisation: `static QDQ, 7-bit weights per channel rounded by GPTQ, 8-bit activations with ranges of least squared error over ${photos.length} photos`,
    },
    quality: { float: card.quality, cosineWithFloat: outcome.agreement },
  });
  return { ...outcome, encoder };
}

/**
 * Checks that an encoder takes and gives what the trainer's graphs do. The server adapts to other forms, but pawdex cannot
 * write them.
 *
 * @throws PawdexError model_invalid
 */
function checkForm({ input, output }: LoadedCard['card']): void {
  const isChannelsLast = input.type === 'float32' && input.layout === 'NHWC';
  if (isChannelsLast || input.batch !== undefined || output.pooling !== undefined) {
    throw new PawdexError('model_invalid', {
      detail:
        'An encoder with float channels last, a fixed batch size or several vectors per image cannot be quantised.',
      hint: 'Export it as float32 [batch, 3, height, width] with a free batch axis and one vector per image.',
    });
  }
}

/** Builds a model that takes the decoder's bytes and has only the named output. */
function buildByteModel(model: Model, { input, output }: LoadedCard['card']): Model {
  const outputs = model.outputs.filter(({ name }) => name === output.name);
  if (input.type === 'uint8') {
    return { ...model, outputs };
  }
  const in255 = (values: number[]) => values.map((value) => value * 255) as [number, number, number];
  const pixels = { mean: in255(input.mean), std: in255(input.std) };
  return buildEncoderModel({ backbone: { ...model, outputs }, size: input.size, pixels });
}
