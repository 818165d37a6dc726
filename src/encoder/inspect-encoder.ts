/**
 * Finds out how to feed an image encoder and read its output: from the model itself, from the preprocessing file of Hugging
 * Face exports, and from the caller if neither says so.
 */
import path from 'node:path';
import type * as ort from 'onnxruntime-node';
import { z } from 'zod';
import { checkFields } from '../files/check-fields.js';
import { readJsonFile } from '../files/read-json-file.js';
import { createUnsuitableError } from './check-encoder.js';
import { createFeed, createSession } from './encoder-session.js';
import type { ModelCard } from './model-card.js';

type Input = ModelCard['input'];
type Output = ModelCard['output'];
type Triple = [number, number, number];

/** What the caller knows about an encoder. */
export interface EncoderHints {
  /** Name of the output to use, if there are several. */
  output?: string | undefined;
  /** Side of the square input in pixels. */
  size?: number | undefined;
  /** Per channel. Inputs are (pixel / 255 - mean) / std. */
  mean?: Triple | undefined;
  std?: Triple | undefined;
  kernel?: Input['resize']['kernel'] | undefined;
  /** How to combine several vectors per image. */
  pooling?: NonNullable<Output['pooling']> | undefined;
}

interface InspectedEncoder {
  input: Input;
  output: Output;
  /** What was assumed, for the user. */
  notes: string[];
}

/** ImageNet's statistics, which most encoders were trained with. */
const IMAGENET_MEAN: Triple = [0.485, 0.456, 0.406];
const IMAGENET_STD: Triple = [0.229, 0.224, 0.225];
const USUAL_SIZE = 224;
/** Names of outputs that are embeddings, if a model has several outputs. Best first. */
const EMBEDDING_NAMES = [
  'image_embeds',
  'image_embeddings',
  'embedding',
  'embeddings',
  'image_features',
  'features',
  'pooler_output',
  'pooled_output',
  'sentence_embedding',
];
/** Names of outputs with a vector per token. Best first. */
const TOKEN_NAMES = ['last_hidden_state', 'hidden_states', 'tokens'];
const KERNELS: Record<number, Input['resize']['kernel']> = { 1: 'lanczos3', 2: 'linear', 3: 'cubic' };
/** Typical lengths of a vector of class scores. */
const CLASS_COUNTS = new Set([1000, 1001, 21_841, 21_843]);

/**
 * Describes the input and output of an encoder.
 *
 * @throws PawdexError encoder_unsuitable if its input is not an image, or no output is an embedding; model_invalid
 */
export async function inspectEncoder(file: string, callerHints: EncoderHints): Promise<InspectedEncoder> {
  const notes: string[] = [];
  const fileHints = await readPreprocessing(path.join(path.dirname(file), 'preprocessor_config.json'));
  const hints = { ...fileHints, ...withoutUndefined(callerHints) };
  const session = await createSession(file, 1);
  try {
    const input = describeInput(session, hints, notes);
    const outputs = await measureOutputs(session, input);
    return { input, output: chooseOutput(outputs, hints, notes), notes };
  } finally {
    await session.release();
  }
}

const withoutUndefined = <T extends object>(value: T): Partial<T> =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as Partial<T>;

const side = z.union([
  z.int(),
  z.object({ shortest_edge: z.int() }).transform((size) => size.shortest_edge),
  z.object({ height: z.int() }).transform((size) => size.height),
]);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const preprocessingSchema = z.object({
  crop_size: side.optional(),
  size: side.optional(),
  image_mean: triple.optional(),
  image_std: triple.optional(),
  resample: z.int().optional(),
  do_normalize: z.boolean().default(true),
  do_center_crop: z.boolean().default(true),
});

/** Reads `preprocessor_config.json` of a Hugging Face export, if there is one. */
async function readPreprocessing(file: string): Promise<EncoderHints> {
  const json = await readJsonFile(file, 'encoder_unsuitable');
  if (json === undefined) {
    return {};
  }
  const hint = 'Correct it, or remove it and use flags.';
  const fields = checkFields(preprocessingSchema, json, file, 'encoder_unsuitable', hint);
  const { crop_size, size, image_mean, image_std, resample = 2, do_normalize, do_center_crop } = fields;
  return withoutUndefined({
    size: (do_center_crop ? crop_size : undefined) ?? size,
    mean: do_normalize ? image_mean : ([0, 0, 0] as Triple),
    std: do_normalize ? image_std : ([1, 1, 1] as Triple),
    kernel: KERNELS[resample],
  });
}

function describeInput(session: ort.InferenceSession, hints: EncoderHints, notes: string[]): Input {
  const [port, ...others] = session.inputMetadata.filter((port) => port.isTensor);
  if (port === undefined || others.length > 0) {
    throw createUnsuitableError(
      `The model has the inputs ${session.inputNames.join(', ')}, but an encoder has only one, for images.`,
      'Export only the image part (for CLIP, the vision model with its projection).',
    );
  }
  const { name, type, shape } = port;
  if (shape.length !== 4 || (type !== 'float32' && type !== 'uint8')) {
    throw createUnsuitableError(
      `The input ${name} is ${type} [${shape.join(', ')}]; it must be float32 or uint8 with four dimensions.`,
      'Export the model with a float32 input of [batch, 3, height, width].',
    );
  }
  const isChannelsFirst = shape[1] === 3 || (shape[3] !== 3 && type === 'float32');
  const [height, width] = isChannelsFirst ? [shape[2], shape[3]] : [shape[1], shape[2]];
  const size = chooseSize(name, [height!, width!], hints, notes);
  const batch = isFixed(shape[0]) ? { batch: shape[0] } : {};
  if (batch.batch !== undefined && batch.batch > 1) {
    throw createUnsuitableError(
      `The model takes exactly ${batch.batch} images at a time.`,
      'Export the network with a free batch axis.',
    );
  }
  const resize = { fit: 'cover' as const, kernel: hints.kernel ?? 'cubic' };
  if (type === 'uint8') {
    if (isChannelsFirst) {
      throw createUnsuitableError(
        `The input ${name} is uint8 with the channels first.`,
        'Export it as uint8 [batch, height, width, 3].',
      );
    }
    return { name, size, resize, type, layout: 'NHWC', ...batch };
  }
  if (hints.mean === undefined || hints.std === undefined) {
    notes.push(
      "The file does not say how pixels are scaled. Using ImageNet's mean and standard deviation (--mean, --std).",
    );
  }
  const scaling = { mean: hints.mean ?? IMAGENET_MEAN, std: hints.std ?? IMAGENET_STD };
  return { name, size, resize, type, layout: isChannelsFirst ? 'NCHW' : 'NHWC', ...scaling, ...batch };
}

/** Whether a dimension is a number, and not a name or unknown. */
const isFixed = (dimension: unknown): dimension is number => typeof dimension === 'number' && dimension > 0;

function chooseSize(
  name: string,
  [height, width]: (number | string)[],
  { size }: EncoderHints,
  notes: string[],
): number {
  if (isFixed(height) && isFixed(width)) {
    if (height !== width) {
      throw createUnsuitableError(`The input ${name} is ${height} x ${width} pixels; it must be a square.`);
    }
    return height;
  }
  if (size === undefined) {
    notes.push(`The file does not say its input size. Using ${USUAL_SIZE} x ${USUAL_SIZE} pixels (--size).`);
  }
  return size ?? USUAL_SIZE;
}

/** An output with its shape for one image. */
interface MeasuredOutput {
  name: string;
  shape: readonly number[];
}

async function measureOutputs(session: ort.InferenceSession, input: Input): Promise<MeasuredOutput[]> {
  const { batch = 1, size } = input;
  const pictures = Array.from({ length: batch }, () => new Uint8Array(3 * size * size));
  const result = await session.run({ [input.name]: createFeed(input, pictures) }).catch((cause: Error) => {
    throw createUnsuitableError(
      `The model does not run on a picture of ${size} x ${size} pixels: ${cause.message.trim()}`,
      'Set --size to the size that it was trained with.',
      cause,
    );
  });
  return Object.entries(result)
    .filter(([, { type, dims }]) => type === 'float32' && dims[0] === batch)
    .map(([name, { dims }]) => ({ name, shape: dims.slice(1) }));
}

/** Chooses the embedding: an output with one vector per image, or else one with several, which are combined. */
function chooseOutput(
  outputs: MeasuredOutput[],
  { output: wanted, pooling }: EncoderHints,
  notes: string[],
): Output {
  const candidates = outputs.filter(({ name }) => wanted === undefined || name === wanted);
  const vector = findOutput(candidates, 1, EMBEDDING_NAMES) ?? candidates.find(isSingleCell);
  const tokens = findOutput(candidates, 2, TOKEN_NAMES);
  const map = findOutput(candidates, 3, []);
  let chosen: Output | undefined;
  if (vector !== undefined && pooling === undefined) {
    chosen = { name: vector.name, dimension: vector.shape[0]! };
    if (CLASS_COUNTS.has(chosen.dimension)) {
      notes.push(
        `The output ${chosen.name} has ${chosen.dimension} numbers, like class scores. The features before the classifier are better embeddings.`,
      );
    }
  } else if (tokens !== undefined && pooling !== 'map') {
    const { name, shape } = tokens;
    const used = pooling === 'mean' ? 'their mean' : 'the first (CLS)';
    notes.push(`The output ${name} has ${shape[0]} vectors per image. Using ${used} (--pooling).`);
    chosen = { name, dimension: shape[1]!, pooling: pooling ?? 'first' };
  } else if (map !== undefined && (pooling ?? 'map') === 'map') {
    const { name, shape } = map;
    notes.push(`The output ${name} is a map of ${shape[1]} x ${shape[2]} cells. Using its mean.`);
    chosen = { name, dimension: shape[0]!, pooling: 'map' };
  }
  const list = outputs.map(({ name, shape }) => `${name} [${['batch', ...shape].join(', ')}]`).join(', ');
  if (chosen === undefined) {
    throw createUnsuitableError(`No output is an embedding. The outputs are ${list || 'not float32'}.`);
  }
  if (chosen.dimension < 2 || chosen.dimension > 8192) {
    throw createUnsuitableError(
      `Embeddings of ${chosen.dimension} numbers cannot be used; the outputs are ${list}.`,
      'Choose another output with --output.',
    );
  }
  return chosen;
}

/** Finds an output by its number of axes, without the batch, and with the first of the names that there is. */
function findOutput(outputs: readonly MeasuredOutput[], axes: number, names: readonly string[]) {
  const candidates = outputs.filter(({ shape }) => shape.length === axes);
  const name = names.find((name) => candidates.some((output) => output.name === name));
  return candidates.find((output) => output.name === name) ?? candidates[0];
}

/** Whether an output is a map of one cell, which is a vector. */
function isSingleCell({ shape }: MeasuredOutput): boolean {
  return shape.length === 3 && shape[1] === 1 && shape[2] === 1;
}
