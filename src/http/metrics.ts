/** Prometheus metrics: requests, the encoder's queue, items per collection, and the process. */
import type { RequestHandler } from 'express';
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Engine } from '../engine/engine.js';
import type { AppDeps } from './app-deps.js';

/** Upper bounds in seconds. An identify takes tens of milliseconds, a batch upload takes seconds. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

// Apps in one process share its event loop and heap.
const processRegistry = new Registry();
let isCollecting = false;

export class Metrics {
  readonly #registry = new Registry();
  readonly #seconds = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last of its response.',
    labelNames: ['method', 'route', 'status'],
    buckets: BUCKETS,
    registers: [this.#registry],
  });
  readonly #inFlight = this.#gauge('http_requests_in_flight', 'Requests in progress.');
  readonly #items = this.#gauge('pawdex_collection_items', 'Items per collection.', ['collection']);
  readonly #recall = this.#gauge(
    'pawdex_collection_sampled_recall',
    'Share of the nearest items that the graph of a collection found in its last check.',
    ['collection'],
  );
  readonly #engine: Engine;

  constructor({ engine, jobs, load, countDamagedPictures, lifecycle }: AppDeps) {
    if (!isCollecting) {
      collectDefaultMetrics({ register: processRegistry });
      isCollecting = true;
    }
    this.#engine = engine;
    this.#gauge('pawdex_jobs', 'Jobs that are waiting or running.', ['state'], (gauge) => {
      for (const state of ['queued', 'running'] as const) {
        gauge.set({ state }, jobs.count(state));
      }
    });
    this.#gauge(
      'pawdex_data_damaged',
      '1 while requests about data are refused because part of it is damaged.',
      [],
      (gauge) => gauge.set(lifecycle.state === 'damaged' ? 1 : 0),
    );
    this.#gauge(
      'pawdex_damaged_pictures',
      'Stored pictures that were found damaged when they were read, and were not replaced since.',
      [],
      async (gauge) => gauge.set(await countDamagedPictures().catch(() => 0)),
    );
    this.#gauge('pawdex_encoder_pending_images', 'Images accepted and not yet embedded.', [], (gauge) =>
      gauge.set(load.pending),
    );
    this.#gauge(
      'pawdex_queue_seconds',
      'Estimated time of the accepted images by urgency. Urgent ones are refused above 1.5 s.',
      ['urgency'],
      (gauge) => {
        for (const urgency of ['urgent', 'bulk'] as const) {
          gauge.set({ urgency }, load.estimateSeconds(urgency));
        }
      },
    );
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Times every request. */
  readonly middleware: RequestHandler = (req, res, next) => {
    const started = process.hrtime.bigint();
    this.#inFlight.inc();
    res.once('close', () => {
      this.#inFlight.dec();
      // The route pattern, since every id in a path would create a new series.
      const route: string = req.route?.path ?? 'other';
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      this.#seconds.observe({ method: req.method, route, status: res.statusCode }, seconds);
    });
    next();
  };

  /** Formats all metrics as Prometheus text. */
  async format(): Promise<string> {
    await this.#readCollections();
    return `${await this.#registry.metrics()}\n${await processRegistry.metrics()}`;
  }

  /** @param read sets the gauge each time that the metrics are read */
  #gauge(
    name: string,
    help: string,
    labelNames: string[] = [],
    read?: (gauge: Gauge) => void | Promise<void>,
  ): Gauge {
    return new Gauge({
      name,
      help,
      labelNames,
      registers: [this.#registry],
      ...(read && {
        collect() {
          return read(this);
        },
      }),
    });
  }

  async #readCollections(): Promise<void> {
    // Numbers of a damaged data directory are unknown, but the other metrics are still needed.
    const collections = await this.#engine.store.listCollections().catch(() => []);
    this.#items.reset();
    this.#recall.reset();
    for (const { name, count, index } of collections) {
      this.#items.set({ collection: name }, count);
      if (index.sampledRecall !== null) {
        this.#recall.set({ collection: name }, index.sampledRecall);
      }
    }
  }
}
