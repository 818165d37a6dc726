/** Kills the server during an index job, and compares the result item by item with that of an undisturbed job. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { openEmbeddedStore } from '../../dist/store/embedded/open-embedded-store.js';
import { createRow } from './fault-row.mjs';
import { startServer } from './server.mjs';

const KILLS = 3;
/** Vectors count as equal from this cosine similarity on, since batches of different sizes round differently. */
const SAME = 0.9999;

/** Creates photos that all differ, under two labels. */
async function drawPhotos(folder, count) {
  for (const label of ['even', 'odd']) {
    await mkdir(path.join(folder, label), { recursive: true });
  }
  for (let i = 0; i < count; i++) {
    const background = { r: (i * 37) % 256, g: (i * 91) % 256, b: (i >> 3) % 256 };
    const bytes = await sharp({
      create: { width: 64 + (i % 7), height: 48 + ((i >> 8) % 64), channels: 3, background },
    })
      .png({ compressionLevel: 1 })
      .toBuffer();
    await writeFile(path.join(folder, i % 2 ? 'odd' : 'even', `${i}.png`), bytes);
  }
}

async function post(url, where, body) {
  const answer = await fetch(url + where, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.json();
}

async function startIndexing(url, collection) {
  await post(url, '/v1/collections', { name: collection });
  return (await post(url, '/v1/jobs', { kind: 'index', collection, path: 'photos' })).id;
}

/** Waits until the job has processed `done` photos or has ended. */
async function waitFor(url, id, done) {
  for (;;) {
    const job = await (await fetch(`${url}/v1/jobs/${id}`)).json();
    if (job.finishedAt !== null || (job.progress?.phase === 'indexing' && job.progress.done >= done)) {
      return job;
    }
    await sleep(50);
  }
}

/** Lists the items of a collection by source. */
async function readItems(store, collection) {
  const items = new Map();
  let count = 0;
  for await (const item of store.iterate(collection)) {
    items.set(item.source, item);
    count++;
  }
  return { items, count };
}

const cosine = (a, b) => {
  const dot = (x, y) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

/** Counts the items that the interrupted collection lacks or that differ from the undisturbed one. */
async function compareCollections(row, dataDir, photos) {
  const store = await openEmbeddedStore({ dataDir, graphLibrary: 'none' });
  const killed = await readItems(store, 'killed');
  const undisturbed = await readItems(store, 'undisturbed');
  await store.close();
  row.tried = undisturbed.count;
  row.lost = Math.max(0, photos - killed.items.size) + Math.max(0, photos - undisturbed.items.size);
  // Some source was stored more than once.
  row.wrong += killed.count - killed.items.size;
  for (const [source, item] of undisturbed.items) {
    const other = killed.items.get(source);
    const isSame =
      other !== undefined &&
      ['id', 'sha256', 'label', 'size'].every((key) => other[key] === item[key]) &&
      cosine(other.vector, item.vector) >= SAME;
    if (other !== undefined && !isSame) {
      row.wrong++;
      row.notes.push(`${source} differs`);
    }
  }
}

/** Runs an index job of `photos` photos and kills its server three times. */
export async function killWhileIndexing(photos) {
  const root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-job-kills-'));
  await drawPhotos(path.join(root, 'photos'), photos);
  const row = createRow(
    `Killed ${KILLS} times while a job indexes ${photos} photos; items compared with an undisturbed job`,
    { lost: 0, wrong: 0 },
  );
  const dataDir = path.join(root, 'data');
  await mkdir(dataDir);
  const env = { PAWDEX_GALLERY: '', PAWDEX_INDEX_ROOTS: root };
  let server = await startServer({ env, keptDir: dataDir });
  const id = await startIndexing(server.url, 'killed');
  for (let kill = 1; kill <= KILLS; kill++) {
    const { state } = await waitFor(server.url, id, Math.floor((photos * kill) / (KILLS + 1)));
    if (state !== 'running') {
      row.wrong++;
      row.notes.push(`the job was ${state} before kill ${kill}`);
      break;
    }
    row.peakMiB = Math.max(row.peakMiB, server.takeTreePeakMiB());
    server.child.kill('SIGKILL');
    server = await server.restart();
  }
  const other = await startIndexing(server.url, 'undisturbed');
  for (const each of [id, other]) {
    const { state, result } = await waitFor(server.url, each, Number.POSITIVE_INFINITY);
    if (state !== 'succeeded' || result.created + result.exists !== photos || result.failed > 0) {
      row.wrong++;
      row.notes.push(`a job ended ${state} with ${JSON.stringify(result)}`);
    }
  }
  // Stopped like a service, so that the comparison covers what the next start finds.
  await server.end();
  await compareCollections(row, dataDir, photos);
  await rm(root, { recursive: true });
  return row;
}
