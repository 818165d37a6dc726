/**
 * Typed calls to worker threads. A call is a method name with structured-clone arguments, and errors keep their code. The
 * handlers of a worker are the only declaration; the caller's types are inferred from them.
 */
import {
  type MessagePort,
  parentPort,
  type ResourceLimits,
  type Transferable,
  Worker,
} from 'node:worker_threads';
import { asPawdexError, PawdexError, type WireError } from '../errors.js';
import { loadFailureError } from '../native-modules.js';

interface Request {
  id: number;
  method: string;
  args: unknown[];
}

type Reply = { id: number; value: unknown } | { id: number; error: WireError; stack?: string | undefined };

/** The methods that a worker answers, by name. {@link Remote} is the type of the calling side. */
// biome-ignore lint/suspicious/noExplicitAny: the parameters of a handler are checked where it is called, by Remote.
export type Handlers = Record<string, (...args: any[]) => unknown>;

/** A value with buffers that are moved to the other thread instead of copied. */
export class Transferred<T> {
  constructor(
    readonly value: T,
    readonly buffers: Transferable[],
  ) {}
}

/** Marks buffers of an argument or a result to be moved instead of copied. */
export function transfer<T>(value: T, buffers: Transferable[]): Transferred<T> {
  return new Transferred(value, buffers);
}

type Received<T> = T extends Transferred<infer V> ? V : T;
type Sent<Args extends unknown[]> = { [I in keyof Args]: Args[I] | Transferred<NonNullable<Args[I]>> };

/** The handlers of a worker, as seen by callers. */
export type Remote<H> = {
  [M in keyof H]: H[M] extends (...args: infer Args) => infer Result
    ? (...args: Sent<Args>) => Promise<Received<Awaited<Result>>>
    : never;
};

/** Passes a call to a worker. */
export type Call = (method: string, args: unknown[]) => Promise<unknown>;

/**
 * Creates an object whose methods are calls.
 *
 * @example
 * const calls = createRemote<typeof handlers>((method, args) => client.call(method, args));
 * await calls.open({ dataDir });
 */
export function createRemote<H>(call: Call): Remote<H> {
  const get = (_: object, method: string | symbol) =>
    // `await` asks every value for `then`.
    typeof method === 'symbol' || method === 'then' ? undefined : (...args: unknown[]) => call(method, args);
  return new Proxy({}, { get }) as Remote<H>;
}

/**
 * Answers calls in a worker. Handlers may be async: the next message is handled as soon as one yields.
 *
 * @param handlers methods may be added later
 * @throws when called outside a worker thread
 */
export function serveCalls(handlers: Handlers): void {
  if (parentPort === null) {
    throw new Error('serveCalls must run in a worker thread');
  }
  const port: MessagePort = parentPort;
  port.on('message', async ({ id, method, args }: Request) => {
    try {
      const handler = handlers[method];
      if (handler === undefined) {
        throw new Error(`the worker has no method ${method}`);
      }
      const { values, buffers } = unwrap([await handler(...args)]);
      port.postMessage({ id, value: values[0] } satisfies Reply, buffers);
    } catch (error) {
      const coded = loadFailureError(error) ?? asPawdexError(error);
      const cause = coded.cause instanceof Error ? coded.cause : coded;
      port.postMessage({ id, error: coded.toWire(), stack: cause.stack } satisfies Reply);
    }
  });
}

function unwrap(sent: unknown[]): { values: unknown[]; buffers: Transferable[] } {
  const values = sent.map((each) => (each instanceof Transferred ? each.value : each));
  const buffers = sent.flatMap((each) => (each instanceof Transferred ? each.buffers : []));
  return { values, buffers };
}

/** A worker thread that answers calls with the handlers `H`. */
export class WorkerClient<H> {
  readonly calls: Remote<H> = createRemote<H>((method, args) => this.call(method, args));
  readonly #worker: Worker;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void }
  >();
  #nextId = 1;
  #dead: PawdexError | null = null;

  /**
   * @param entry the worker's module
   * @param workerData passed to the worker
   * @param onExit called once if the worker ends without {@link terminate}; calls in flight were rejected by then
   * @param resourceLimits memory of the worker; beyond it, the worker ends with `ERR_WORKER_OUT_OF_MEMORY` as the cause
   */
  constructor(
    entry: URL,
    workerData: unknown,
    onExit: (error: PawdexError) => void,
    resourceLimits: ResourceLimits = {},
  ) {
    this.#worker = new Worker(entry, { workerData, resourceLimits });
    this.#worker.on('message', (reply: Reply) => this.#settle(reply));
    const died = (cause: unknown) => {
      if (this.#dead !== null) {
        return;
      }
      const error = loadFailureError(cause) ?? new PawdexError('worker_failed', { retryAfter: 2, cause });
      this.#fail(error);
      onExit(error);
    };
    this.#worker.on('error', died);
    this.#worker.on('exit', (code) => died(new Error(`exit code ${code}`)));
  }

  call(method: string, args: unknown[]): Promise<unknown> {
    if (this.#dead !== null) {
      return Promise.reject(this.#dead);
    }
    const id = this.#nextId++;
    const { values, buffers } = unwrap(args);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      try {
        this.#worker.postMessage({ id, method, args: values } satisfies Request, buffers);
      } catch (error) {
        this.#waiting.delete(id);
        reject(error as Error);
      }
    });
  }

  /** Ends the thread. Ask the worker to clean up first. */
  async terminate(): Promise<void> {
    this.#fail(new PawdexError('shutting_down'));
    await this.#worker.terminate();
  }

  #settle(reply: Reply): void {
    const call = this.#waiting.get(reply.id);
    if (call === undefined) {
      return;
    }
    this.#waiting.delete(reply.id);
    if ('error' in reply) {
      const error = PawdexError.fromWire(reply.error);
      if (reply.stack !== undefined) {
        error.stack = reply.stack;
      }
      call.reject(error);
    } else {
      call.resolve(reply.value);
    }
  }

  #fail(error: PawdexError): void {
    this.#dead ??= error;
    for (const call of this.#waiting.values()) {
      call.reject(error);
    }
    this.#waiting.clear();
  }
}
