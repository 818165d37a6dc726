/** Running graphs: a thin layer over onnxruntime-node that speaks in {@link Tensor}s. */
import '../../encoder/no-telemetry.js';
import * as ort from 'onnxruntime-node';
import { PawdexError } from '../../errors.js';
import { type DType, sizeOf, type Tensor } from '../../onnx/tensor.js';

/** Where and how a graph runs. */
export interface SessionOptions {
  /** Threads for the work inside an operator; 2 unless given. */
  readonly threads?: number;
  /**
   * `cpu` unless given. Another provider that cannot be had is an error, never a silent fall-back; single operators
   * that it lacks are run on the CPU beside it, as onnxruntime does.
   */
  readonly provider?: 'cpu' | 'webgpu' | 'cuda';
  /** Writes a profile of every run to a file whose name starts so. */
  readonly profile?: string;
}

/** A loaded graph. Runs of one session must not overlap. */
export class Session {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  /**
   * Loads a model's bytes.
   *
   * @throws PawdexError `model_invalid` when onnxruntime cannot load them, or not on that provider
   */
  static async open(bytes: Uint8Array, options: SessionOptions = {}): Promise<Session> {
    const provider = options.provider ?? 'cpu';
    try {
      return new Session(
        await ort.InferenceSession.create(bytes, {
          executionProviders: [provider],
          intraOpNumThreads: options.threads ?? 2,
          interOpNumThreads: 1,
          // Planning memory from the first run's pattern kept that run's memory too: twice the peak, no faster.
          enableMemPattern: false,
          ...(options.profile ? { enableProfiling: true, profileFilePrefix: options.profile } : {}),
        }),
      );
    } catch (cause) {
      const detail = `onnxruntime cannot load the graph on ${provider}: ${(cause as Error).message}`;
      throw new PawdexError('model_invalid', { detail, cause });
    }
  }

  /**
   * Runs the graph once.
   *
   * @param feeds a tensor per graph input; others are ignored, so that one set can feed several graphs
   * @param into buffers for some of the outputs, written in place; they must not be among the feeds
   * @returns every output
   * @throws PawdexError `internal` when a feed is missing or onnxruntime fails
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    into: Readonly<Record<string, Tensor>> = {},
  ): Promise<Record<string, Tensor>> {
    const inputs: Record<string, ort.Tensor> = {};
    for (const name of this.#session.inputNames) {
      const tensor = feeds[name];
      if (tensor === undefined)
        throw new PawdexError('internal', { detail: `The graph input "${name}" is not fed.` });
      inputs[name] = toOrt(tensor);
    }
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.#session.outputNames) fetches[name] = into[name] ? toOrt(into[name]) : null;
    let results: ort.InferenceSession.ReturnType;
    try {
      results = await this.#session.run(inputs, fetches);
    } catch (cause) {
      throw new PawdexError('internal', { detail: `onnxruntime failed: ${(cause as Error).message}`, cause });
    }
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  /** Writes the profile where one was asked for. */
  endProfiling(): void {
    this.#session.endProfiling();
  }

  /** Frees the session's memory. */
  async close(): Promise<void> {
    await this.#session.release();
  }
}

function toOrt(tensor: Tensor): ort.Tensor {
  return new ort.Tensor(tensor.dtype, tensor.data, tensor.shape);
}

function fromOrt(tensor: ort.Tensor): Tensor {
  const data = tensor.data as Tensor['data'];
  // An empty result comes back without a typed array of its own.
  if (sizeOf(tensor.dims) === 0)
    return { dtype: tensor.type as DType, shape: tensor.dims, data: new Float32Array() };
  return { dtype: tensor.type as DType, shape: tensor.dims, data };
}
