/** /v1/collections/{collection}/export and /import: a collection as a Parquet file. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { PARQUET_TYPE } from '../../client/transport.js';
import { importOutcomeSchema } from '../../engine/answers.js';
import type { ExportOutcome } from '../../engine/engine.js';
import { collectionName, jobId } from '../../engine/request-fields.js';
import { importOptions } from '../../engine/requests.js';
import { PawdexError } from '../../errors.js';
import { hideFolder } from '../../files/hide-folder.js';
import { PRIVATE_FOLDER } from '../../files/private-files.js';
import { EXPORTED } from '../../jobs/job-work.js';
import type { AppDeps } from '../app-deps.js';
import { jsonBody } from '../body/body-spec.js';
import { MAX_PARQUET_MIB, parquetBody } from '../body/file-body.js';
import { defineEndpoint } from '../define-endpoint.js';
import type { ResponseQueue } from '../response-queue.js';
import { json, stream } from '../response-spec.js';
import { issueTicket } from '../tickets.js';
import { requireSucceeded } from './job-routes.js';

const tag = 'collections';
const params = { collection: collectionName };
/** Checked with the API keys, before the endpoint. */
const query = {
  ticket: z
    .string()
    .max(100)
    .optional()
    .meta({ description: 'A ticket for this download, instead of an API key.' }),
};

/** Folder in the data directory for temporary files. */
const TRANSFERS = 'transfers';

/** Removes the temporary files that a killed server has left. Call it before the app handles requests. */
export function removeOldTransfers(dataDir: string): Promise<void> {
  return rm(path.join(dataDir, TRANSFERS), { recursive: true, force: true });
}

/** Calls `work` with the path of a temporary file, and removes the file afterwards. */
async function withTransferFile<T>(
  { DATA_DIR }: AppDeps['config'],
  work: (file: string) => Promise<T>,
): Promise<T> {
  const folder = path.join(DATA_DIR, TRANSFERS, randomUUID());
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER });
  try {
    return await work(path.join(folder, 'collection.parquet'));
  } catch (error) {
    throw hideFolder(error, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Returns a signal that is aborted if the client disconnects before the end of the response. */
function watchClient(req: Request, res: Response): AbortSignal {
  const controller = new AbortController();
  req.once('close', () => !res.writableFinished && req.destroyed && controller.abort());
  res.once('close', () => !res.writableFinished && controller.abort());
  return controller.signal;
}

/** A client must read this much in each period, in bytes and milliseconds, while others wait for their exports. */
const MIN_READ_BYTES = 256 * 1024;
const PERIOD_MS = 3_000;

/** Disconnects a client that reads slowly while others wait, until the returned function is called. */
function watchReading(res: Response, queue: ResponseQueue): () => void {
  const countReadBytes = () =>
    res.socket === null ? 0 : res.socket.bytesWritten - res.socket.writableLength;
  let before = countReadBytes();
  const timer = setInterval(() => {
    const read = countReadBytes();
    if (queue.isAwaited && read - before < MIN_READ_BYTES) {
      res.destroy();
    }
    before = read;
  }, PERIOD_MS);
  return () => clearInterval(timer);
}

export const exportCollection = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/export',
  tag,
  summary: 'Download a collection as a Parquet file',
  description:
    'One row per item: id, label, source, metadata (JSON), sha256, size, vector, thumbnail, original and a checksum of ' +
    "the row. The file's key-value metadata has the model and its fingerprint. The file is written before it is sent.",
  params,
  queue: () => 'exports',
  query,
  response: stream(PARQUET_TYPE, 'The file.'),
  errors: ['collection_not_found', 'storage_full'],
  async handle({ params: { collection }, req, res }, { engine, config, queues }) {
    const signal = watchClient(req, res);
    await withTransferFile(config, async (file) => {
      const exported = await queues.scans.run(() => engine.exportCollection(collection, file, { signal }));
      const stopWatching = watchReading(res, queues.exports);
      // No ranges: each request writes another file, so parts of two of them would not fit together.
      await sendExport(res, file, exported, { acceptRanges: false }).finally(stopWatching);
    });
  },
});

/** Sends a collection's file, or the requested part of it. */
async function sendExport(
  res: Response,
  file: string,
  { collection, items }: ExportOutcome,
  { acceptRanges }: { acceptRanges: boolean },
): Promise<void> {
  res.set({ 'Content-Type': PARQUET_TYPE, 'X-Pawdex-Items': String(items) });
  // The data directory may be inside a folder whose name starts with a dot.
  const download = new Promise<void>((resolve, reject) => {
    res.download(
      file,
      `${collection}.parquet`,
      { dotfiles: 'allow', cacheControl: false, acceptRanges },
      (error?: Error) => (error === undefined ? resolve() : reject(error)),
    );
  });
  // A client that has disconnected gets no error.
  await download.catch((error) => {
    if (!res.destroyed && !res.headersSent) {
      throw error;
    }
  });
}

export const downloadExport = defineEndpoint({
  method: 'get',
  path: '/v1/jobs/{id}/file',
  tag: 'jobs',
  summary: 'Download the Parquet file of an export',
  description: 'For a successful job of kind `export`. Interrupted downloads can continue with `Range`.',
  params: { id: jobId },
  query,
  response: stream(PARQUET_TYPE, 'The file.', { 206: { description: 'The part requested with `Range`.' } }),
  errors: ['job_not_found', 'export_not_found', 'range_not_satisfiable', 'precondition_failed'],
  async handle({ params: { id }, res }, { jobs }) {
    const { result } = requireSucceeded(jobs.get(id), 'export', 'export_not_found');
    const file = path.join(jobs.getFolder(id), EXPORTED);
    await sendExport(res, file, result as ExportOutcome, { acceptRanges: true }).catch((error) => {
      throw error.code === 'ENOENT' ? new PawdexError('export_not_found', { cause: error }) : error;
    });
  },
});

export const createTicket = defineEndpoint({
  method: 'post',
  path: '/v1/tickets',
  isReading: true,
  tag,
  summary: 'Get a ticket for a download by a link',
  description:
    'A link cannot carry an API key. Its address with `?ticket=TICKET` needs none for ten minutes.',
  body: jsonBody(
    z.strictObject({
      path: z
        .string()
        .max(200)
        .regex(/^v1\/(collections\/[\w-]+\/export|jobs\/[\w-]+\/file)$/, 'must be the path of a download')
        .meta({ example: 'v1/collections/breeds/export' }),
    }),
  ),
  response: json(z.object({ ticket: z.string(), expires: z.iso.datetime() }), 'The ticket.'),
  handle: ({ body: { path } }, { config }) => issueTicket(config.API_KEYS, path),
});

export const importCollection = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/import',
  tag,
  summary: 'Add the items of a Parquet file to a collection, which is created if needed',
  description:
    'Existing items are unchanged, so an interrupted import can be sent again. Each row is compared with the stored ' +
    'item afterwards. Vectors of another model are refused, unless `reembed` is set to embed the pictures in the file ' +
    'again.',
  params,
  query: importOptions,
  body: parquetBody,
  response: json(importOutcomeSchema, 'The result of the import.'),
  errors: ['export_invalid', 'model_mismatch', 'storage_full'],
  async handle({ params: { collection }, query, body, req, res }, { engine, config, queues }) {
    queues.imports.assertCapacity();
    return withTransferFile(config, async (file) => {
      await body.receive(file, MAX_PARQUET_MIB);
      const signal = watchClient(req, res);
      return queues.imports.run(() => engine.importCollection(collection, file, { ...query, signal }));
    });
  },
});
