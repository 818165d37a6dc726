/**
 * A worker thread that is restarted once. Calls in flight fail with `worker_failed`, because it is unknown how far they
 * got. Later calls wait for the new thread. If that one dies soon after, it is not restarted: the cause is likely to
 * persist, and the supervisor of the process should notice.
 */
import { PawdexError } from '../errors.js';
import { createRemote, type Remote, WorkerClient } from './rpc.js';

/** A second death within this many milliseconds is final. */
const SOON_MS = 60_000;

export interface WorkerWatcher {
  /** Called when a thread died and is about to be restarted. */
  onRestart?: (error: PawdexError) => void;
  /** Called once if the second thread dies too, or cannot be opened. Every later call is rejected. */
  onCrash?: (error: PawdexError) => void;
}

/** How to start a {@link RestartingWorker}. */
export interface RestartingWorkerOptions<H> {
  /** The worker's module. */
  entry: URL;
  workerData: unknown;
  /** Prepares each new thread for calls. */
  open: (worker: WorkerClient<H>) => Promise<unknown>;
  /** Shared by workers of one kind, so that one restart is allowed for all of them. */
  deaths: DeathCount;
  watcher: WorkerWatcher;
}

export class DeathCount {
  #last = Number.NEGATIVE_INFINITY;

  /** Records a death. Returns whether it came soon after another. */
  add(): boolean {
    const now = performance.now();
    const isSoon = now - this.#last < SOON_MS;
    this.#last = now;
    return isSoon;
  }
}

/** @typeParam H the handlers of the worker */
export class RestartingWorker<H> {
  readonly #options: RestartingWorkerOptions<H>;
  /** The methods of the worker. They can also throw PawdexError `worker_failed`. */
  readonly calls: Remote<H> = createRemote<H>((method, args) => this.call(method, args));
  /** The thread once it is open. */
  #current!: Promise<WorkerClient<H>>;
  /** The thread that is running or being opened. */
  #client!: WorkerClient<H>;
  #isEnding = false;
  #closing: Promise<void> | null = null;

  private constructor(options: RestartingWorkerOptions<H>) {
    this.#options = options;
    this.#start();
  }

  /** Starts and opens the thread. Throws what `open` throws, after ending the thread. */
  static async start<H>(options: RestartingWorkerOptions<H>): Promise<RestartingWorker<H>> {
    const worker = new RestartingWorker<H>(options);
    try {
      await worker.#current;
      return worker;
    } catch (error) {
      await worker.terminate();
      throw error;
    }
  }

  /** Calls a method of the worker by name. Throws PawdexError worker_failed, shutting_down. */
  async call(method: string, args: unknown[]): Promise<unknown> {
    if (this.#isEnding) {
      throw new PawdexError('shutting_down');
    }
    const client = await this.#current;
    return client.call(method, args);
  }

  /** Lets the worker clean up with its method `close`, then ends the thread. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.call('close', []).finally(() => this.terminate()) as Promise<void>;
    this.#isEnding = true;
    return this.#closing;
  }

  /** Ends the thread immediately. */
  async terminate(): Promise<void> {
    this.#isEnding = true;
    await this.#client.terminate();
  }

  #start(): void {
    const { entry, workerData, open } = this.#options;
    let isOpen = false;
    // If the thread ends before it is open, `#current` rejects.
    const client = new WorkerClient<H>(entry, workerData, (error) => isOpen && this.#restart(error));
    this.#client = client;
    this.#current = open(client).then(() => {
      isOpen = true;
      return client;
    });
  }

  #restart(error: PawdexError): void {
    const { deaths, watcher } = this.#options;
    if (this.#isEnding) {
      return;
    }
    if (deaths.add()) {
      watcher.onCrash?.(error);
      return;
    }
    watcher.onRestart?.(error);
    this.#start();
    this.#current.catch((failure: PawdexError) => {
      if (!this.#isEnding) {
        watcher.onCrash?.(failure);
      }
    });
  }
}
