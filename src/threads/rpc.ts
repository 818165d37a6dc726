/**
 * Calls across a worker-thread border: the main thread does HTTP only, while workers own the encoder's sessions
 * and one owns the store. A call is a method name with structured-clone arguments; errors keep their code.
 */
import { type MessagePort, parentPort, type Transferable, Worker } from 'node:worker_threads';
import { asPawdexError, PawdexError, type WireError } from '../errors.js';
import { loadFailureError } from '../native-modules.js';

interface Request {
  id: number;
  method: string;
  args: unknown[];
}

type Reply = { id: number; value: unknown } | { id: number; error: WireError; stack?: string | undefined };

/** The methods a worker answers, by name. */
export type Handlers = Record<string, (...args: never[]) => unknown>;

const transferMark = Symbol('transfer');

interface WithTransfer {
  [transferMark]: Transferable[];
  value: unknown;
}

/** Marks buffers of a handler's result to be moved instead of copied. */
export function transferring(value: unknown, buffers: Transferable[]): unknown {
  return { [transferMark]: buffers, value } satisfies WithTransfer;
}

/**
 * Answers calls in a worker. Handlers may be async; a message is taken as soon as the one before it yields.
 *
 * @throws when called outside a worker thread
 */
export function serveCalls(handlers: Handlers): void {
  if (parentPort === null) {
    throw new Error('serveCalls must run in a worker thread');
  }
  const port: MessagePort = parentPort;
  port.on('message', async ({ id, method, args }: Request) => {
    try {
      const handler = handlers[method] as ((...args: unknown[]) => unknown) | undefined;
      if (handler === undefined) {
        throw new Error(`the worker has no method ${method}`);
      }
      const result = await handler(...args);
      if (typeof result === 'object' && result !== null && transferMark in result) {
        const { value, [transferMark]: buffers } = result as WithTransfer;
        port.postMessage({ id, value } satisfies Reply, buffers);
      } else {
        port.postMessage({ id, value: result } satisfies Reply);
      }
    } catch (error) {
      const coded = loadFailureError(error) ?? asPawdexError(error);
      const cause = coded.cause instanceof Error ? coded.cause : coded;
      port.postMessage({ id, error: coded.toWire(), stack: cause.stack } satisfies Reply);
    }
  });
}

/** A worker thread that answers calls. */
export class WorkerClient {
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
   * @param onExit called once if the worker ends without {@link terminate}: calls in flight have been rejected
   */
  constructor(entry: URL, workerData: unknown, onExit: (error: PawdexError) => void) {
    this.#worker = new Worker(entry, { workerData });
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

  /** Calls a method of the worker; `buffers` are moved, not copied. */
  call<T>(method: string, args: unknown[], buffers: Transferable[] = []): Promise<T> {
    if (this.#dead !== null) {
      return Promise.reject(this.#dead);
    }
    const id = this.#nextId++;
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      try {
        this.#worker.postMessage({ id, method, args } satisfies Request, buffers);
      } catch (error) {
        this.#waiting.delete(id);
        reject(error as Error);
      }
    });
  }

  /** Ends the thread; call it after the worker has been told to clean up. */
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
