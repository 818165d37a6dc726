/** Opens and feeds the ONNX Runtime session of an encoder, for the worker and for offline scripts. */
import './no-telemetry.js';
import * as ort from 'onnxruntime-node';
import { PawdexError } from '../errors.js';
import { stackRows } from '../math/matrix.js';
import { normaliseRows } from '../math/vectors.js';
import type { LoadedCard, ModelCard } from './model-card.js';

export interface EncoderSession {
  /**
   * @param images uint8 [size, size, 3] each
   * @returns float32 [images.length, dimension] in one array
   */
  run(images: Uint8Array[]): Promise<Float32Array>;
  release(): Promise<void>;
}

/** Feeds floats, (pixel / 255 - mean) / std, for encoders that were exported without their preprocessing. */
function createFloatFeed(
  images: Uint8Array[],
  { size, layout, mean, std }: Extract<ModelCard['input'], { type: 'float32' }>,
): ort.Tensor {
  const area = size * size;
  const data = new Float32Array(images.length * 3 * area);
  // Distances between pixels and between channels.
  const [step, plane] = layout === 'NCHW' ? [1, area] : [3, 1];
  images.forEach((pixels, i) => {
    for (let c = 0; c < 3; c++) {
      const scale = 1 / (255 * std[c]!);
      const shift = mean[c]! / std[c]!;
      const at = i * 3 * area + c * plane;
      for (let p = 0; p < area; p++) {
        data[at + p * step] = pixels[p * 3 + c]! * scale - shift;
      }
    }
  });
  const shape = layout === 'NCHW' ? [3, size, size] : [size, size, 3];
  return new ort.Tensor('float32', data, [images.length, ...shape]);
}

/** Creates the input tensor for images, as the card describes it. @param images uint8 [size, size, 3] each */
export function createFeed(input: ModelCard['input'], images: Uint8Array[]): ort.Tensor {
  if (input.type === 'float32') {
    return createFloatFeed(images, input);
  }
  // Scaling and layout are in the graph.
  return new ort.Tensor('uint8', Buffer.concat(images), [images.length, input.size, input.size, 3]);
}

/**
 * Creates a session on the CPU.
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
    // Waking threads that sleep between operators makes an inference a fifth slower. Threads that spin for long take cores
    // from decoding and HTTP. Operators take about 70 us here.
    extra: { session: { intra_op: { spin_duration_us: '100' } } },
  };
  // The overloads for paths and for bytes do the same.
  return ort.InferenceSession.create(model as string, options).catch((cause: Error) => {
    const what = typeof model === 'string' ? model : 'the model';
    const detail = `ONNX Runtime cannot load ${what}: ${cause.message.trim()}`;
    throw new PawdexError('model_invalid', { detail, cause });
  });
}

async function runOneByOne(
  images: Uint8Array[],
  run: (images: Uint8Array[]) => Promise<Float32Array>,
): Promise<Float32Array> {
  const rows: Float32Array[] = [];
  for (const image of images) {
    rows.push(await run([image]));
  }
  return stackRows(rows, rows[0]?.length ?? 0).data;
}

/** @returns float32 [images, dimension], combined from several vectors per image as the model card says */
function poolOutput({ data, dims }: ort.Tensor, images: number, pooling: ModelCard['output']['pooling']) {
  const values = data as Float32Array;
  if (pooling === undefined) {
    return values;
  }
  const isMap = pooling === 'map';
  const dimension = isMap ? dims[1]! : dims.at(-1)!;
  const places = values.length / images / dimension;
  const count = pooling === 'first' ? 1 : places;
  const pooled = new Float32Array(images * dimension);
  for (let image = 0; image < images; image++) {
    const from = image * places * dimension;
    for (let i = 0; i < dimension; i++) {
      let sum = 0;
      for (let place = 0; place < count; place++) {
        sum += values[from + (isMap ? i * places + place : place * dimension + i)]!;
      }
      pooled[image * dimension + i] = sum / count;
    }
  }
  return pooled;
}

/**
 * Opens the model that a card describes, on the CPU.
 *
 * @param threads threads of one inference (intra-op)
 * @throws PawdexError model_invalid when ONNX Runtime cannot load it, or its inputs and outputs differ from the card
 */
export async function openSession({ card, modelPath }: LoadedCard, threads: number): Promise<EncoderSession> {
  const { input, output } = card;
  const session = await createSession(modelPath, threads);
  if (!session.inputNames.includes(input.name) || !session.outputNames.includes(output.name)) {
    throw new PawdexError('model_invalid', {
      detail: `The model has inputs ${session.inputNames} and outputs ${session.outputNames}; the card names ${input.name} and ${output.name}.`,
    });
  }
  const runBatch = async (images: Uint8Array[]) => {
    const result = await session.run({ [input.name]: createFeed(input, images) }, [output.name]);
    return poolOutput(result[output.name]!, images.length, output.pooling);
  };
  return {
    async run(images) {
      const data = input.batch === undefined ? await runBatch(images) : await runOneByOne(images, runBatch);
      if (data.length !== images.length * output.dimension) {
        throw new PawdexError('model_invalid', {
          detail: `The model returned ${data.length / images.length} numbers per image; the card says ${output.dimension}.`,
        });
      }
      if (input.type === 'float32' || output.pooling !== undefined) {
        normaliseRows(data, output.dimension);
      }
      return data;
    },
    release: () => session.release(),
  };
}
