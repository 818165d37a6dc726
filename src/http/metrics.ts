/** Prometheus metrics: requests, the encoder's queue, items per collection, and the process. */
import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { CollectionInfo } from '../store/store.js';
import type { AppDeps } from './app-deps.js';

/** Upper bounds in seconds. An identify takes tens of milliseconds, a batch upload takes seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

// Apps in one process share its event loop and heap.
const processRegistry = new Registry();
let isCollecting = false;

/** The value of a gauge, or its values by a label. */
type Reading = number | Record<string, number>;

export class Metrics {
  readonly #registry = new Registry();
  readonly #seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its response.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #inFlight = new Gauge({
    name: 'http_requests_in_flight',
    help: 'Requests in progress.',
    registers: [this.#registry],
  });

  readonly #store: AppDeps['engine']['store'];
  #collections: CollectionInfo[] = [];

  constructor({ engine, jobs, load, countDamagedPictures, lifecycle }: AppDeps) {
    if (!isCollecting) {
      collectDefaultMetrics({ register: processRegistry });
      isCollecting = true;
    }
    this.#store = engine.store;
    this.#addGauge('pawdex_collection_items', 'Items per collection.', 'collection', () =>
      Object.fromEntries(this.#collections.map(({ name, count }) => [name, count])),
    );
    this.#addGauge(
      'pawdex_collection_sampled_recall',
      'Share of the nearest items that the graph of a collection found in its last check.',
      'collection',
      () =>
        Object.fromEntries(
          this.#collections.flatMap(({ name, index: { sampledRecall } }) =>
            sampledRecall === null ? [] : [[name, sampledRecall]],
          ),
        ),
    );
    this.#addGauge('pawdex_jobs', 'Jobs that are waiting or running.', 'state', () => ({
      queued: jobs.count('queued'),
      running: jobs.count('running'),
    }));
    this.#addGauge(
      'pawdex_data_damaged',
      '1 while requests about data are refused because part of it is damaged.',
      null,
      () => (lifecycle.state === 'damaged' ? 1 : 0),
    );
    this.#addGauge(
      'pawdex_damaged_pictures',
      'Stored pictures that were found damaged when they were read, and were not replaced since.',
      null,
      () => countDamagedPictures().catch(() => 0),
    );
    this.#addGauge(
      'pawdex_encoder_pending_images',
      'Images accepted and not yet embedded.',
      null,
      () => load.pending,
    );
    this.#addGauge(
      'pawdex_queue_seconds',
      'Estimated time of the accepted images by urgency. Urgent ones are refused above 1.5 s.',
      'urgency',
      () => ({ urgent: load.estimateSeconds('urgent'), bulk: load.estimateSeconds('bulk') }),
    );
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Times every request. */
  readonly middleware: RequestHandler = (req, res, next) => {
    const stopTimer = this.#seconds.startTimer();
    this.#inFlight.inc();
    res.once('close', () => {
      this.#inFlight.dec();
      // The route pattern, since every id in a path would create a new series.
      stopTimer({ method: req.method, route: req.route?.path ?? 'other', status: res.statusCode });
    });
    next();
  };

  /** Formats all metrics as Prometheus text. */
  async format(): Promise<string> {
    // Numbers of a damaged data directory are unknown, but the other metrics are still needed.
    this.#collections = await this.#store.listCollections().catch(() => []);
    return `${await this.#registry.metrics()}\n${await processRegistry.metrics()}`;
  }

  /** Adds a gauge that is read each time the metrics are. */
  #addGauge(name: string, help: string, label: string | null, read: () => Reading | Promise<Reading>): void {
    new Gauge({
      name,
      help,
      labelNames: label === null ? [] : [label],
      registers: [this.#registry],
      async collect() {
        const reading = await read();
        this.reset();
        if (typeof reading === 'number') {
          this.set(reading);
          return;
        }
        for (const [value, number] of Object.entries(reading)) {
          this.set({ [label!]: value }, number);
        }
      },
    });
  }
}
