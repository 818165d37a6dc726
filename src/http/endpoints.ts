/** All endpoints, in the order in which the API reference shows them. */
import type { Endpoint } from './define-endpoint.js';
import { addItems } from './routes/add-items-route.js';
import * as collections from './routes/collection-routes.js';
import * as items from './routes/item-routes.js';
import * as jobs from './routes/job-routes.js';
import * as queries from './routes/query-routes.js';
import { search } from './routes/search-route.js';
import * as service from './routes/service-routes.js';
import * as shares from './routes/share-routes.js';
import * as snapshots from './routes/snapshot-routes.js';
import * as starts from './routes/start-job-routes.js';
import * as thumbnails from './routes/thumbnail-routes.js';
import * as transfers from './routes/transfer-routes.js';

export const ENDPOINTS: readonly Endpoint[] = [
  queries.identify,
  search,
  queries.embed,
  queries.explain,
  queries.fetchImage,
  shares.createShare,
  shares.getShare,
  collections.listCollections,
  collections.createCollection,
  collections.getCollection,
  collections.updateCollection,
  collections.deleteCollection,
  transfers.exportCollection,
  transfers.importCollection,
  transfers.createTicket,
  collections.listLabels,
  addItems,
  items.listItems,
  items.getItem,
  items.updateItem,
  items.deleteItem,
  thumbnails.getThumbnail,
  thumbnails.attachThumbnails,
  items.updateItems,
  items.deleteItems,
  collections.listFacets,
  collections.listDuplicates,
  collections.getMap,
  starts.startJob,
  starts.indexArchive,
  starts.startImport,
  jobs.listJobs,
  jobs.getJob,
  jobs.getReport,
  transfers.downloadExport,
  jobs.cancelJob,
  jobs.pauseJob,
  jobs.resumeJob,
  jobs.listJobFailures,
  jobs.followJob,
  snapshots.createSnapshot,
  snapshots.listSnapshots,
  service.getInfo,
  service.checkHealth,
  service.checkReadiness,
  service.getMetrics,
  service.getOpenApi,
];
