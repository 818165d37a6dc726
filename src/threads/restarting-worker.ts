/**
 * A worker thread that survives one death. Calls in flight are rejected with `worker_failed`, because nobody knows how far
 * they came; calls made meanwhile wait for the new thread. A thread that dies again soon after is not started a third
 * time: what killed it twice will do so again, and a supervisor outside should see the process end.
 */
import type { PawdexError } from '../errors.js';
import { createRemote, type Remote, WorkerClient } from './rpc.js';

/** Milliseconds within which a second death is final. */
const SOON_MS = 60_000;

/** Who hears about deaths of worker threads. */
export interface WorkerWatcher {
  /** Called when a thread died and another is about to take its place. */
  onRestart?: (error: PawdexError) => void;
  /** Called once when the second thread died too, or could not be opened: every later call is rejected. */
  onCrash?: (error: PawdexError) => void;
}

/** How to start a {@link RestartingWorker}. */
export interface RestartingWorkerOptions<H> {
  /** The worker's module. */
  entry: URL;
  workerData: unknown;
  /** Prepares each new thread for calls. */
  open: (worker: WorkerClient<H>) => Promise<unknown>;
  /** Several workers of one kind share it, and so the number of deaths that is survived. */
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
    // Until it is open, whoever waits for it hears of its end.
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
