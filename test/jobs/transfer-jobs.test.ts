/** Jobs that write a collection to a file and read it back. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseConfig } from '../../src/config.js';
import { addEncoder } from '../../src/engine/add-encoder.js';
import type { ExportOutcome, ImportOutcome } from '../../src/engine/engine.js';
import { type LocalEngine, openLocalEngine } from '../../src/engine/local-engine.js';
import { PawdexError } from '../../src/errors.js';
import type { ReportedProgress } from '../../src/jobs/job.js';
import { readFailures } from '../../src/jobs/job-journal.js';
import type { JobRequest } from '../../src/jobs/job-request.js';
import { createJobWork, EXPORTED } from '../../src/jobs/job-work.js';
import { cnn } from '../helpers/tiny-encoders.js';

const ITEMS = 1100;
let root: string;
let engine: LocalEngine;

beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-transfer-jobs-'));
  const dataDir = path.join(root, 'data');
  await writeFile(path.join(root, 'tiny.onnx'), cnn());
  await addEncoder(dataDir, path.join(root, 'tiny.onnx'), { name: 'tiny' });
  engine = await openLocalEngine({
    bulk: true,
    config: {
      ...parseConfig({}, {}),
      DATA_DIR: dataDir,
      MODEL: path.join(dataDir, 'encoders/tiny/encoder.json'),
      GALLERY: '',
      THREADS: 1,
    },
  });
  const { fingerprint } = await engine.createCollection('mine');
  const { dimension } = engine.encoder;
  const items = Array.from({ length: ITEMS }, (_, n) => {
    const sha256 = n.toString(16).padStart(64, '0');
    const vector = Float32Array.from({ length: dimension }, (_, i) => Math.sin((n + 1) * (i + 1)));
    const norm = Math.hypot(...vector);
    return {
      id: `item-${n}`,
      label: `label ${n % 3}`,
      source: `${n}.jpg`,
      metadata: { n },
      sha256,
      size: n,
      thumbnail: null,
      original: null,
      vector: vector.map((value) => value / norm),
    };
  });
  await engine.store.put('mine', items, fingerprint);
});
afterAll(async () => {
  await engine.close();
  await rm(root, { recursive: true });
});

async function makeFolder(name: string): Promise<string> {
  const folder = path.join(root, name);
  await mkdir(folder);
  return folder;
}

interface RunOptions {
  signal?: AbortSignal;
  onProgress?: (progress: ReportedProgress) => void;
}

function run<T>(
  request: JobRequest,
  folder: string,
  { signal = new AbortController().signal, onProgress = () => {} }: RunOptions = {},
): Promise<T> {
  const work = createJobWork({
    engine,
    indexRoots: [root],
    maxFileBytes: 1000,
    syncDir: path.join(root, 'sync'),
  });
  return work(request, { signal, onProgress, folder }) as Promise<T>;
}

async function readAll(collection: string) {
  const items = new Map<string, object>();
  for await (const { createdAt: _, ...item } of engine.store.iterate(collection)) {
    items.set(item.id, item);
  }
  return items;
}

it('exports a collection, and a stopped import resumes with the same counts', async () => {
  const out = await makeFolder('export');
  const exported = await run<ExportOutcome>({ kind: 'export', collection: 'mine' }, out);
  expect(exported).toMatchObject({ collection: 'mine', items: ITEMS });

  const folder = await makeFolder('import');
  await copyFile(path.join(out, EXPORTED), path.join(folder, 'upload.parquet'));
  const request: JobRequest = { kind: 'import', collection: 'moved' };
  const puts: number[] = [];
  const put = engine.store.put.bind(engine.store);
  engine.store.put = (collection, items, ...rest) => {
    puts.push(items.length);
    return put(collection, items, ...rest);
  };
  for (const stopAt of [1, 600]) {
    const stop = new AbortController();
    const stopped = run(request, folder, {
      signal: stop.signal,
      onProgress: ({ done }) => done >= stopAt && stop.abort(new PawdexError('job_interrupted')),
    });
    await expect(stopped).rejects.toMatchObject({ code: 'job_interrupted' });
  }
  expect((await readAll('moved')).size).toBeLessThan(ITEMS);
  expect(await run<ImportOutcome>(request, folder)).toEqual({
    collection: 'moved',
    total: ITEMS,
    created: ITEMS,
    exists: 0,
    verified: ITEMS,
    different: 0,
    failed: 0,
    failures: [],
  });
  engine.store.put = put;
  expect(puts.reduce((sum, count) => sum + count, 0)).toBe(ITEMS);
  expect(await readAll('moved')).toEqual(await readAll('mine'));
});

it('continues an import if the thread of the store dies once', async () => {
  const out = await makeFolder('export-for-death');
  await run({ kind: 'export', collection: 'mine' }, out);
  const folder = await makeFolder('import-with-death');
  await copyFile(path.join(out, EXPORTED), path.join(folder, 'upload.parquet'));
  const put = engine.store.put.bind(engine.store);
  let calls = 0;
  engine.store.put = async (...args) => {
    const results = await put(...args);
    if (++calls === 2) {
      throw new PawdexError('worker_failed', { retryAfter: 0.1 });
    }
    return results;
  };
  const imported = run<ImportOutcome>({ kind: 'import', collection: 'survivor' }, folder);
  // The rows of the batch that was stored without an answer count as existing.
  const { total, created, exists, failed } = await imported.finally(() => {
    engine.store.put = put;
  });
  expect([total, created + exists, failed]).toEqual([ITEMS, ITEMS, 0]);
  expect(created).toBeLessThan(ITEMS);
  expect(await readAll('survivor')).toEqual(await readAll('mine'));
});

it('imports a file below an index root, and lists damaged rows', async () => {
  const out = await makeFolder('export-to-damage');
  await run({ kind: 'export', collection: 'mine' }, out);
  const bytes = await readFile(path.join(out, EXPORTED));
  const vector = await engine.store.getVector('mine', 'item-7');
  const at = bytes.indexOf(Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength));
  bytes[at + 1] = bytes[at + 1]! ^ 1;
  await writeFile(path.join(root, 'damaged.parquet'), bytes);

  const folder = await makeFolder('import-damaged');
  const request: JobRequest = { kind: 'import', collection: 'damaged', path: 'damaged.parquet' };
  const outcome = await run<ImportOutcome>(request, folder);
  expect(outcome).toMatchObject({ created: ITEMS - 1, failed: 1, failures: [{ row: 7 }] });
  const failures = [];
  for await (const failure of readFailures(folder)) {
    failures.push(failure);
  }
  expect(failures).toMatchObject([
    { file: 'row 7 (item-7)', code: 'export_invalid', detail: expect.stringContaining('checksum') },
  ]);
});

it.each([
  ['/etc/hostname', 'path_not_allowed'],
  ['data', 'file_unreadable'],
  ['nothing.parquet', 'file_unreadable'],
])('does not import %s', async (file, code) => {
  const folder = await makeFolder(`refused-${file.replaceAll('/', '-')}`);
  const request: JobRequest = { kind: 'import', collection: 'refused', path: file };
  await expect(run(request, folder)).rejects.toMatchObject({ code });
});

it("says what is wrong with an uploaded file without revealing the server's folder", async () => {
  const folder = await makeFolder('uploaded');
  await writeFile(path.join(folder, 'upload.parquet'), 'no rows');
  await expect(run({ kind: 'import', collection: 'refused' }, folder)).rejects.toMatchObject({
    code: 'export_invalid',
    message: 'upload.parquet is not a complete Parquet file.',
  });
  await writeFile(path.join(folder, 'upload.zip'), 'no photos');
  const request: JobRequest = { kind: 'index', collection: 'mine', archive: 'zip' };
  await expect(run(request, folder)).rejects.toMatchObject({
    code: 'set_invalid',
    message: expect.stringMatching(/^Cannot read upload\.zip: .*[^.]\.$/),
  });
});
