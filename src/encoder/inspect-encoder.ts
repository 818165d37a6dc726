/**
 * Finds out how to feed an image encoder and read its output: from the model itself, from the preprocessing file of Hugging
 * Face exports, and from the caller if neither says so.
 */
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { z } from 'zod';
import { PawdexError } from '../errors.js';
import { describeInvalidFields } from '../files/invalid-fields.js';
import { readJsonFile } from '../files/read-json-file.js';
import { createUnsuitableError } from './check-encoder.js';
import { createSession } from './encoder-session.js';
import type { ModelCard } from './model-card.js';

type Input = ModelCard['input'];
type Output = ModelCard['output'];
type Triple = [number, number, number];

/** What the caller knows about an encoder. */
export interface EncoderHints {
  /** Name of the input for images. */
  input?: string | undefined;
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
  const parsed = preprocessingSchema.safeParse(json);
  if (!parsed.success) {
    throw new PawdexError('encoder_unsuitable', {
      ...describeInvalidFields(file, parsed.error),
      hint: 'Correct it, or remove it and use flags.',
    });
  }
  const { crop_size, size, image_mean, image_std, resample = 2, do_normalize, do_center_crop } = parsed.data;
  return withoutUndefined({
    size: (do_center_crop ? crop_size : undefined) ?? size,
    mean: do_normalize ? image_mean : ([0, 0, 0] as Triple),
    std: do_normalize ? image_std : ([1, 1, 1] as Triple),
    kernel: KERNELS[resample],
  });
}

function describeInput(session: ort.InferenceSession, hints: EncoderHints, notes: string[]): Input {
  const inputs = session.inputMetadata.filter((port) => port.isTensor);
  const chosen = hints.input === undefined ? inputs : inputs.filter(({ name }) => name === hints.input);
  const [port] = chosen;
  if (port === undefined || chosen.length > 1 || inputs.length > 1) {
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
  const batch = typeof shape[0] === 'number' && shape[0] > 0 ? { batch: shape[0] } : {};
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

function chooseSize(
  name: string,
  [height, width]: (number | string)[],
  { size }: EncoderHints,
  notes: string[],
): number {
  const isFixed = (side: unknown): side is number => typeof side === 'number' && side > 0;
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
  const { batch = 1, size, layout, type } = input;
  const shape = layout === 'NCHW' ? [batch, 3, size, size] : [batch, size, size, 3];
  const length = batch * 3 * size * size;
  const tensor =
    type === 'uint8'
      ? new ort.Tensor('uint8', new Uint8Array(length), shape)
      : new ort.Tensor('float32', new Float32Array(length), shape);
  const result = await session.run({ [input.name]: tensor }).catch((cause: Error) => {
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

function chooseOutput(outputs: MeasuredOutput[], hints: EncoderHints, notes: string[]): Output {
  const list = outputs.map(({ name, shape }) => `${name} [${['batch', ...shape].join(', ')}]`).join(', ');
  const named = outputs.filter(({ name }) => hints.output === undefined || name === hints.output);
  const byRank = (rank: number, names: readonly string[]) => {
    const ofRank = named.filter(({ shape }) => shape.length === rank);
    return names.flatMap((name) => ofRank.filter((output) => output.name === name))[0] ?? ofRank[0];
  };
  const isFlatMap = ({ shape }: MeasuredOutput) => shape.length === 3 && shape[1] === 1 && shape[2] === 1;
  const flat = byRank(1, EMBEDDING_NAMES) ?? named.find(isFlatMap);
  if (flat !== undefined && hints.pooling === undefined) {
    const dimension = flat.shape[0]!;
    if (CLASS_COUNTS.has(dimension)) {
      notes.push(
        `The output ${flat.name} has ${dimension} numbers, like class scores. The features before the classifier are better embeddings.`,
      );
    }
    return { name: flat.name, dimension: checkDimension(dimension, list) };
  }
  const tokens = byRank(2, TOKEN_NAMES);
  if (tokens !== undefined && hints.pooling !== 'map') {
    const pooling = hints.pooling ?? 'first';
    notes.push(
      `The output ${tokens.name} has ${tokens.shape[0]} vectors per image. Using ${pooling === 'first' ? 'the first (CLS)' : 'their mean'} (--pooling).`,
    );
    return { name: tokens.name, dimension: checkDimension(tokens.shape[1]!, list), pooling };
  }
  const map = byRank(3, []);
  if (map !== undefined && (hints.pooling ?? 'map') === 'map') {
    notes.push(`The output ${map.name} is a map of ${map.shape[1]} x ${map.shape[2]} cells. Using its mean.`);
    return { name: map.name, dimension: checkDimension(map.shape[0]!, list), pooling: 'map' };
  }
  throw createUnsuitableError(`No output is an embedding. The outputs are ${list || 'not float32'}.`);
}

function checkDimension(dimension: number, list: string): number {
  if (dimension < 2 || dimension > 8192) {
    throw createUnsuitableError(
      `Embeddings of ${dimension} numbers cannot be used; the outputs are ${list}.`,
      'Choose another output with --output.',
    );
  }
  return dimension;
}
