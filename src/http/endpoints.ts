/** All endpoints, in the order in which the API reference shows them. */
import type { Endpoint } from './endpoint.js';
import { addItems } from './routes/add-items.js';
import * as collections from './routes/collections.js';
import { embed } from './routes/embed.js';
import { explain } from './routes/explain.js';
import { identify } from './routes/identify.js';
import * as items from './routes/items.js';
import * as jobs from './routes/jobs.js';
import { search } from './routes/search.js';
import * as service from './routes/service.js';
import * as snapshots from './routes/snapshots.js';

export const ENDPOINTS: readonly Endpoint[] = [
  identify,
  search,
  embed,
  explain,
  collections.listCollections,
  collections.createCollection,
  collections.getCollection,
  collections.deleteCollection,
  collections.listLabels,
  addItems,
  items.listItems,
  items.getItem,
  items.updateItem,
  items.deleteItem,
  items.getThumbnail,
  items.updateItems,
  items.deleteItems,
  collections.listFacets,
  collections.listDuplicates,
  jobs.startJob,
  jobs.listJobs,
  jobs.getJob,
  jobs.cancelJob,
  jobs.followJob,
  snapshots.createSnapshot,
  snapshots.listSnapshots,
  service.getInfo,
  service.checkHealth,
  service.checkReadiness,
  service.getMetrics,
  service.getOpenApi,
];
