/** Runs graphs: a thin layer over onnxruntime-node that takes and returns {@link Tensor}s. */
import '../../encoder/no-telemetry.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { PawdexError } from '../../errors.js';
import { countElements, createFloatTensor, type DType, type Tensor } from '../../onnx/tensor.js';
import {
  createProviderOptions,
  describePlacement,
  type Placement,
  PROVIDER_HINTS,
  type Provider,
  readPlacement,
} from './execution-provider.js';
import { OperatorGraph } from './operator-graph.js';

export interface SessionOptions {
  /** Threads that work on one operator. Default: 2. */
  readonly threads?: number;
  /**
   * Default: `cpu`. A missing provider is an error, never a silent fallback. Single operators that it lacks run on the CPU,
   * and are reported to {@link SessionOptions.onPlacement}.
   */
  readonly provider?: Provider;
  /**
   * Called after the first run with where its operators ran, unless the provider is the CPU. Default: a process
   * warning.
   */
  readonly onPlacement?: (placement: Placement) => void;
}

/** A loaded graph. Runs of one session must not overlap. */
export class GraphSession {
  readonly #session: ort.InferenceSession;
  readonly #options: SessionOptions;
  /** Folder of the profile of the first run; undefined once that is over, and on the CPU. */
  #profile: string | undefined;

  private constructor(session: ort.InferenceSession, options: SessionOptions, profile: string | undefined) {
    this.#session = session;
    this.#options = options;
    this.#profile = profile;
  }

  /**
   * Loads a model's bytes.
   *
   * @throws PawdexError provider_unavailable, or model_invalid when onnxruntime cannot load the model
   */
  static async open(bytes: Uint8Array, options: SessionOptions = {}): Promise<GraphSession> {
    const { provider = 'cpu' } = options;
    const profile = provider === 'cpu' ? undefined : await mkdtemp(path.join(tmpdir(), 'pawdex-placement-'));
    try {
      return new GraphSession(await createSession(bytes, options, profile), options, profile);
    } catch (cause) {
      await removeProfile(profile);
      const detail = `onnxruntime cannot load the graph on ${provider}: ${(cause as Error).message.trim()}`;
      if (provider === 'cpu' || (await isAvailable(provider))) {
        throw new PawdexError('model_invalid', { detail, cause });
      }
      throw new PawdexError('provider_unavailable', { detail, hint: PROVIDER_HINTS[provider], cause });
    }
  }

  /**
   * Loads a model for some work, and frees it afterwards.
   *
   * @throws PawdexError as {@link GraphSession.open}, and what `work` throws
   */
  static async use<T>(
    bytes: Uint8Array,
    options: SessionOptions | undefined,
    work: (session: GraphSession) => Promise<T>,
  ): Promise<T> {
    const session = await GraphSession.open(bytes, options);
    try {
      return await work(session);
    } finally {
      await session.close();
    }
  }

  /**
   * Runs the graph once.
   *
   * @param feeds a tensor for each graph input; others are ignored, so that one set can feed several graphs
   * @param into buffers for some of the outputs, which are written in place and must not be among the feeds
   * @returns every output
   * @throws PawdexError internal when a feed is missing or onnxruntime fails
   */
  async run(
    feeds: Readonly<Record<string, Tensor>>,
    into: Readonly<Record<string, Tensor>> = {},
  ): Promise<Record<string, Tensor>> {
    const inputs: Record<string, ort.Tensor> = {};
    for (const name of this.#session.inputNames) {
      const tensor = feeds[name];
      if (tensor === undefined) {
        throw new PawdexError('internal', { detail: `The graph input "${name}" has no value.` });
      }
      inputs[name] = toOrt(tensor);
    }
    const fetches: Record<string, ort.Tensor | null> = {};
    for (const name of this.#session.outputNames) {
      fetches[name] = into[name] ? toOrt(into[name]) : null;
    }
    let results: ort.InferenceSession.ReturnType;
    try {
      results = await this.#session.run(inputs, fetches);
    } catch (cause) {
      throw new PawdexError('internal', {
        detail: `onnxruntime failed: ${(cause as Error).message.trim()}`,
        cause,
      });
    }
    await this.#reportPlacement();
    return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, fromOrt(tensor)]));
  }

  async #reportPlacement(): Promise<void> {
    const profile = this.#profile;
    if (profile === undefined) {
      return;
    }
    this.#profile = undefined;
    const { provider = 'cpu', onPlacement = emitPlacementWarning } = this.#options;
    try {
      this.#session.endProfiling();
      onPlacement(await readPlacement(profile, provider));
    } finally {
      await removeProfile(profile);
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
    await removeProfile(this.#profile);
  }
}

async function removeProfile(folder: string | undefined): Promise<void> {
  if (folder !== undefined) {
    await rm(folder, { recursive: true, force: true });
  }
}

function createSession(
  bytes: Uint8Array,
  options: SessionOptions,
  profile?: string,
): Promise<ort.InferenceSession> {
  const { provider = 'cpu', threads = 2 } = options;
  return ort.InferenceSession.create(bytes, {
    executionProviders: [createProviderOptions(provider, bytes)],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // Memory patterns would keep the memory of the first run: twice the peak, and no faster.
    enableMemPattern: false,
    // onnxruntime would warn that some operators run on the CPU without saying which.
    ...(provider === 'cpu' ? {} : { logSeverityLevel: 3 }),
    ...(profile ? { enableProfiling: true, profileFilePrefix: path.join(profile, 'run') } : {}),
  });
}

/** Whether a provider can run anything at all. */
async function isAvailable(provider: Provider): Promise<boolean> {
  const g = new OperatorGraph();
  g.output('y', g.op('Exp', [g.input('x', 'float32', [1])]));
  try {
    const session = await createSession(g.toBytes(), { provider });
    await session.run({ x: toOrt(createFloatTensor([0], [1])) });
    await session.release();
    return true;
  } catch {
    // The reason is in the error that led here.
    return false;
  }
}

function emitPlacementWarning(placement: Placement): void {
  if (Object.keys(placement.onCpu).length > 0) {
    process.emitWarning(describePlacement(placement));
  }
}

function toOrt({ dtype, data, shape }: Tensor): ort.Tensor {
  const tensor = new ort.Tensor(dtype, data, shape);
  // From Node 24 on, the tensor contains a Float16Array, which the native code takes for empty.
  if (dtype === 'float16') {
    Object.defineProperty(tensor, 'data', { value: data });
  }
  return tensor;
}

function fromOrt({ type, dims: shape, data }: ort.Tensor): Tensor {
  const dtype = type as DType;
  // An empty result has no typed array.
  if (countElements(shape) === 0) {
    return { dtype, shape, data: new Float32Array() };
  }
  const isHalf = dtype === 'float16' && !(data instanceof Uint16Array);
  const { buffer, byteOffset, length } = data as Uint16Array;
  return {
    dtype,
    shape,
    data: isHalf ? new Uint16Array(buffer, byteOffset, length) : (data as Tensor['data']),
  };
}
