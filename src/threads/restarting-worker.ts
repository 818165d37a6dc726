/**
 * A worker thread that is restarted once. Calls in flight fail with `worker_failed`, because it is unknown how far
 * they got; later calls wait for the new thread. If that dies soon after, it is not restarted: the cause is likely to
 * persist, and the supervisor of the process should notice.
 */
import type { PawdexError } from '../errors.js';
import { createRemote, type Remote, WorkerClient } from './rpc.js';

/** Milliseconds within which a second death is final. */
const SOON_MS = 60_000;

/** Receives notice when worker threads die. */
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

/** Counts the deaths of a kind of worker. */
export class DeathCount {
  #last = Number.NEGATIVE_INFINITY;

  /** Records a death. @returns whether it came soon after another */
  add(now = performance.now()): boolean {
    const isSoon = now - this.#last < SOON_MS;
    this.#last = now;
    return isSoon;
  }
}

/** @typeParam H the handlers of the worker */
export class RestartingWorker<H> {
  /** The methods of the worker. They throw PawdexError `worker_failed` too. */
  readonly calls: Remote<H> = createRemote<H>((method, args) => this.call(method, args));
  readonly #options: RestartingWorkerOptions<H>;
  /** The thread once it is open. */
  #current!: Promise<WorkerClient<H>>;
  /** The thread that runs or is being opened. */
  #client!: WorkerClient<H>;
  #terminated = false;

  private constructor(options: RestartingWorkerOptions<H>) {
    this.#options = options;
    this.#start();
  }

  /** Starts the thread and opens it. @throws what `open` throws; the thread has ended then */
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

  /** Calls a method of the worker by its name. @throws PawdexError `worker_failed` */
  async call(method: string, args: unknown[]): Promise<unknown> {
    const client = await this.#current;
    return client.call(method, args);
  }

  /** Ends the thread; call it after the worker has been told to clean up. */
  async terminate(): Promise<void> {
    this.#terminated = true;
    await this.#client.terminate();
  }

  #start(): void {
    const { entry, workerData, open } = this.#options;
    let isOpen = false;
    // Until the thread is open, its end rejects `#current`.
    const client = new WorkerClient<H>(entry, workerData, (error) => isOpen && this.#restart(error));
    this.#client = client;
    this.#current = open(client).then(() => {
      isOpen = true;
      return client;
    });
  }

  #restart(error: PawdexError): void {
    const { deaths, watcher } = this.#options;
    if (this.#terminated) {
      return;
    }
    if (deaths.add()) {
      watcher.onCrash?.(error);
      return;
    }
    watcher.onRestart?.(error);
    this.#start();
    this.#current.catch((failure: PawdexError) => {
      if (!this.#terminated) {
        watcher.onCrash?.(failure);
      }
    });
  }
}
