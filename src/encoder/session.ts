/** How an encoder's ONNX Runtime session is opened and fed; the worker and offline scripts share it. */
import './no-telemetry.js';
import * as ort from 'onnxruntime-node';
import { PawdexError } from '../errors.js';
import { normaliseRows } from '../math/vectors.js';
import type { LoadedCard, ModelCard } from './card.js';

/**
 * Batch sizes of a server: larger ones gain the encoder little, and their answers come in bursts that keep the main
 * thread from a probe.
 */
export const BATCH_SIZES = [1, 2];
/** Batch sizes of long work in a process that answers nobody meanwhile. */
export const BULK_BATCH_SIZES = [1, 2, 4, 8];
/** More lanes would each have more than one thread: a lane holds the model once more, some 45 MiB. */
export const MOST_LANES = 8;

/** An open session that embeds batches. */
export interface EncoderSession {
  /**
   * @param images uint8 [size, size, 3] each
   * @returns float32 [images.length, dimension] in one array
   */
  run(images: Uint8Array[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** uint8 pixels as they are: scaling and layout are in the graph. */
function uint8Feed(images: Uint8Array[], size: number): ort.Tensor {
  const stride = size * size * 3;
  const data = new Uint8Array(images.length * stride);
  images.forEach((pixels, i) => {
    data.set(pixels, i * stride);
  });
  return new ort.Tensor('uint8', data, [images.length, size, size, 3]);
}

/** float NCHW, (pixel / 255 - mean) / std, for encoders that were exported without their preprocessing. */
function floatFeed(images: Uint8Array[], size: number, mean: number[], std: number[]): ort.Tensor {
  const area = size * size;
  const data = new Float32Array(images.length * 3 * area);
  images.forEach((pixels, i) => {
    for (let c = 0; c < 3; c++) {
      const scale = 1 / (255 * std[c]!);
      const shift = mean[c]! / std[c]!;
      const at = (i * 3 + c) * area;
      for (let p = 0; p < area; p++) data[at + p] = pixels[p * 3 + c]! * scale - shift;
    }
  });
  return new ort.Tensor('float32', data, [images.length, 3, size, size]);
}

/** The input tensor for these images, as the card describes it. @param images uint8 [size, size, 3] each */
export function feedOf(input: ModelCard['input'], images: Uint8Array[]): ort.Tensor {
  return input.type === 'uint8'
    ? uint8Feed(images, input.size)
    : floatFeed(images, input.size, input.mean, input.std);
}

/**
 * A session on the CPU.
 *
 * @param model path or bytes of the ONNX file
 * @param threads threads of one inference (intra-op)
 * @throws PawdexError model_invalid when ONNX Runtime cannot load it
 */
export async function createSession(
  model: string | Uint8Array,
  threads: number,
): Promise<ort.InferenceSession> {
  const options: ort.InferenceSession.SessionOptions = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    // A thread that sleeps between two operators costs a fifth of an inference to wake; one that spins for long takes
    // the cores that decoding and HTTP need. Operators here take some 70 us.
    extra: { session: { intra_op: { spin_duration_us: '100' } } },
  };
  const opening =
    typeof model === 'string'
      ? ort.InferenceSession.create(model, options)
      : ort.InferenceSession.create(model, options);
  return opening.catch((cause: Error) => {
    const what = typeof model === 'string' ? model : 'the model';
    const detail = `ONNX Runtime cannot load ${what}: ${cause.message}`;
    throw new PawdexError('model_invalid', { detail, cause });
  });
}

/**
 * Opens the model a card describes on the CPU.
 *
 * @param threads threads of one inference (intra-op)
 * @throws PawdexError model_invalid when ONNX Runtime cannot load it or its inputs and outputs are not the card's
 */
export async function openSession({ card, modelPath }: LoadedCard, threads: number): Promise<EncoderSession> {
  const { input, output } = card;
  const session = await createSession(modelPath, threads);
  if (!session.inputNames.includes(input.name) || !session.outputNames.includes(output.name))
    throw new PawdexError('model_invalid', {
      detail: `The model has inputs ${session.inputNames} and outputs ${session.outputNames}; the card names ${input.name} and ${output.name}.`,
    });
  return {
    async run(images) {
      const result = await session.run({ [input.name]: feedOf(input, images) }, [output.name]);
      const data = result[output.name]!.data as Float32Array;
      if (data.length !== images.length * output.dimension)
        throw new PawdexError('model_invalid', {
          detail: `The model gave ${data.length / images.length} numbers an image; the card says ${output.dimension}.`,
        });
      if (input.type === 'float32') normaliseRows(data, output.dimension);
      return data;
    },
    release: () => session.release(),
  };
}
