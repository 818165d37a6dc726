/** The engine of a running server. The command line uses it while a server has the data directory open. */
import type { Engine, ExportOutcome, ImportOutcome } from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import type { WorkOptions } from '../evaluation/collection-work.js';
import type { JobKind, JobResults } from '../jobs/job.js';
import type { JobRequest } from '../jobs/job-request.js';
import { cutIntoBatches } from '../math/group-by.js';
import type { PawdexClient } from './client.js';
import { followJob, type RunJobOptions, runJob } from './follow-job.js';

/** Content hashes per request. They are in the URL, which is limited to 16 KiB. */
const HASHES_PER_REQUEST = 100;

/** Finds which of these hashes the collection has. */
async function findKnown(client: PawdexClient, collection: string, sha256: string[]) {
  const knownItems = new Map<string, { id: string; label: string | null }>();
  for (const hashes of cutIntoBatches(sha256, HASHES_PER_REQUEST)) {
    const page = await client.listItems(collection, {
      limit: HASHES_PER_REQUEST,
      filter: { sha256: hashes },
    });
    for (const item of page.items) {
      knownItems.set(item.sha256, { id: item.id, label: item.label });
    }
  }
  return knownItems;
}

/** Refuses --photos, because a server does not read this machine's folders. Throws PawdexError usage. */
function refusePhotos(photos: readonly string[] | undefined): void {
  if (photos !== undefined) {
    throw new PawdexError('usage', {
      detail: 'A running server looks for photos in its index roots, not in the folders of --photos.',
      hint: 'Start the server with PAWDEX_INDEX_ROOTS and omit --photos, or stop the server first.',
    });
  }
}

/**
 * The engine of the server that `client` talks to. Closing it leaves the server running.
 *
 * @param onQueued called if long work has to wait for other jobs of the server
 * @throws PawdexError server_unreachable, unauthorized
 */
export async function createRemoteEngine(client: PawdexClient, onQueued?: () => void): Promise<Engine> {
  const { model } = await client.info();
  // These jobs report the engine's own phases.
  const toJobOptions = (options: WorkOptions) => ({ ...options, onQueued }) as RunJobOptions;
  const run = async <K extends JobKind>(request: JobRequest & { kind: K }, options: WorkOptions) =>
    (await runJob(client, request, toJobOptions(options))) as JobResults[K];
  return {
    // Most methods have the same names and parameters. They are fields of the client, so they can be copied.
    ...client,
    encoder: model,
    store: { ...client, findKnown: (collection, sha256) => findKnown(client, collection, sha256) },
    drawHeatMap: client.heatMap,
    findDuplicates: client.duplicates,
    async embed(image, options) {
      const { embedding, model, timing } = await client.embed(image, options);
      return { embedding: Float32Array.from(embedding), model, timing };
    },
    calibrate: (collection, { nonPets, ...work } = {}) =>
      run({ kind: 'calibrate', collection, nonPets }, work),
    evaluate: (collection, { nonPets, ...work } = {}) => run({ kind: 'evaluate', collection, nonPets }, work),
    findLabelTrouble: (collection, { threshold, limit, ...work }) =>
      run({ kind: 'check-labels', collection, threshold, limit }, work),
    async reembed(collection, { encoder, previews, dropMissing, photos, ...work } = {}) {
      const folders = photos && { photos: [...photos] };
      return run({ kind: 'reembed', collection, encoder, previews, dropMissing, ...folders }, work);
    },
    async exportCollection(collection, file, options = {}) {
      const started = await client.startJob({ kind: 'export', collection });
      const { id, result } = await followJob(client, started, toJobOptions(options));
      await client.downloadExport(id, file);
      return result as ExportOutcome;
    },
    async importCollection(collection, file, { photos, reembed, previews, ...work } = {}) {
      refusePhotos(photos);
      const started = await client.startImport(collection, file, { reembed, previews });
      return (await followJob(client, started, toJobOptions(work))).result as ImportOutcome;
    },
    async close() {},
  };
}
