import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { type Config, parseConfig } from '../../../src/config.js';
import type { Engine, ItemInput } from '../../../src/engine/engine.js';
import { openLocalEngine } from '../../../src/engine/local-engine.js';
import type { Lifecycle } from '../../../src/http/app-deps.js';
import { createApp } from '../../../src/http/create-app.js';
import { type RunningServer, startServer } from '../../../src/http/start-server.js';
import { FileJobRecords } from '../../../src/jobs/job-records.js';
import { JobRunner } from '../../../src/jobs/job-runner.js';
import { createJobWork } from '../../../src/jobs/job-work.js';
import { scene, sceneJpeg } from '../../helpers/images.js';

/** The API key of {@link Running.guarded}. */
export const KEY = 'a-key-for-tests';

/** The whole product, as with `npm start`, on free ports of this machine. */
export interface Running {
  /** Without API keys. */
  url: string;
  /** The same collections, with {@link KEY} required. */
  guarded: string;
  /** The same collections, read-only. It also fetches photos by URL, even from this machine. */
  readOnly: string;
  stop: () => Promise<void>;
}

/** A drawn item with its own label. */
const item = (image: Buffer, label: string, name: string): ItemInput => ({
  image,
  label,
  source: `drawn/${name}`,
});

/**
 * Collections beside the shipped one: `album`, six pictures with thumbnails, four of one label and two of another;
 * `tie`, one picture three times, each with another label and in another lossless encoding; `empty`.
 */
async function fill(engine: Engine): Promise<void> {
  for (const name of ['album', 'tie', 'empty']) {
    await engine.createCollection(name);
  }
  const pictures = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => sceneJpeg(320, 240, seed)));
  const album = pictures.map((image, i) => item(image, i < 4 ? 'round_thing' : 'square_thing', `${i}.jpg`));
  const tie = [
    item(await scene().png({ compressionLevel: 1 }).toBuffer(), 'one', '1.png'),
    item(await scene().png({ compressionLevel: 9 }).toBuffer(), 'two', '2.png'),
    item(await scene().webp({ lossless: true }).toBuffer(), 'three', '3.webp'),
  ];
  for (const [name, items] of [
    ['album', album],
    ['tie', tie],
  ] as const) {
    for (const { status } of await engine.addItems(name, items)) {
      if (status !== 'created') {
        throw new Error(`${name} could not be filled`);
      }
    }
  }
}

/** Starts the shipped model with the shipped gallery. Uploads are limited to 1 MiB, so that tests can exceed it. */
export async function startApp(): Promise<Running> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pawdex-e2e-'));
  const config = parseConfig({ DATA_DIR: folder, MAX_UPLOAD_MB: 1, SHARE_HOURS: 1, PORT: 0 }, {});
  const engine = await openLocalEngine({ config });
  await fill(engine);
  const jobs = await JobRunner.open({
    work: createJobWork({
      engine,
      indexRoots: [],
      maxFileBytes: 2 ** 20,
      syncDir: path.join(folder, 'sync'),
    }),
    records: new FileJobRecords(path.join(folder, 'jobs'), () => {}),
  });
  jobs.start();
  const servers: RunningServer[] = [];
  const serve = async (own: Partial<Config>): Promise<string> => {
    const lifecycle: Lifecycle = { state: 'ready' };
    const app = createApp({
      engine,
      load: engine.load,
      countDamagedPictures: async () => (await engine.store.stats()).damagedPictures,
      jobs,
      config: { ...config, ...own },
      mayFetchFrom: () => true,
      logger: pino({ level: 'silent' }),
      version: '0.0.0',
      lifecycle,
      webDir: path.resolve('dist', 'web'),
    });
    const server = await startServer(app, { host: '127.0.0.1', port: 0, lifecycle });
    servers.push(server);
    return server.url;
  };
  return {
    url: await serve({}),
    guarded: await serve({ API_KEYS: [KEY] }),
    readOnly: await serve({ READ_ONLY: true, FETCH_URLS: true }),
    stop: async () => {
      await Promise.all(servers.map((server) => server.close({ graceSeconds: 1 })));
      await jobs.close();
      await engine.close();
      await rm(folder, { recursive: true });
    },
  };
}
