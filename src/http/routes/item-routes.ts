/** /v1/collections/{collection}/items: list, read, change and delete items. */
import { z } from 'zod';
import {
  boundedArray,
  collectionName,
  cursor,
  descriptionFields,
  filter,
  filterParameters,
  itemId,
  sha256s,
  wholeNumber,
} from '../../engine/request-fields.js';
import { itemPageSchema, itemSchema } from '../../store/records.js';
import type { Filter, Target } from '../../store/store.js';
import { jsonBody } from '../body/body-spec.js';
import { parseJsonText } from '../body/check-json.js';
import { defineEndpoint } from '../define-endpoint.js';
import { json, noContent } from '../response-spec.js';

const tag = 'items';
/** Maximum number of ids per bulk change. */
const MAX_IDS = 10_000;
const onePath = '/v1/collections/{collection}/items/{id}';
const params = { collection: collectionName, id: itemId };

/** A filter as the JSON text of a query parameter. */
const filterText = z
  .string()
  .max(8000)
  .transform(parseJsonText)
  .pipe(filter)
  .meta({ contentMediaType: 'application/json' });

const sha256Text = z
  .string()
  .regex(
    /^[0-9a-f]{64}(,[0-9a-f]{64})*$/,
    'must be one or more hashes of 64 lower-case hex digits, separated by commas',
  );
/** Content hashes as query parameters: repeated, or separated by commas. */
const sha256List = z
  .union([sha256Text, z.array(sha256Text)])
  .transform((texts): unknown => [texts].flat().flatMap((text) => text.split(',')))
  .pipe(sha256s);

export const listItems = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/items',
  tag,
  summary: 'List the items of a collection, a page at a time, in order of insertion',
  params: { collection: collectionName },
  query: {
    limit: wholeNumber(1, 1000).default(100).meta({ description: 'Items per page.' }),
    cursor: cursor.optional(),
    ...filterParameters,
    sha256: sha256List
      .optional()
      .meta({ description: 'One of these hex content hashes, separated by commas.' }),
    filter: filterText.optional().meta({
      description: 'A filter as JSON, like in a search. The parameters above take precedence.',
    }),
  },
  queue: () => 'pages',
  response: json(itemPageSchema, 'A page.'),
  errors: ['collection_not_found'],
  handle({ params: { collection }, query: { limit, cursor, filter: fromText, ...parameters } }, { engine }) {
    const filter = { ...fromText, ...parameters };
    const isFiltered = Object.keys(filter).length > 0;
    return engine.store.listItems(collection, { limit, cursor, filter: isFiltered ? filter : undefined });
  },
});

export const getItem = defineEndpoint({
  method: 'get',
  path: onePath,
  tag,
  summary: 'Get an item',
  params,
  response: json(itemSchema, 'The item.'),
  errors: ['collection_not_found', 'item_not_found'],
  handle: ({ params: { collection, id } }, { engine }) => engine.store.getItem(collection, id),
});

export const updateItem = defineEndpoint({
  method: 'patch',
  path: onePath,
  tag,
  summary: 'Change label, source or metadata',
  description: 'Absent fields do not change. `metadata` replaces the whole object.',
  params,
  body: jsonBody(
    z
      .strictObject(descriptionFields)
      .refine((patch) => Object.keys(patch).length > 0, 'must contain label, source or metadata')
      .meta({ minProperties: 1 }),
  ),
  response: json(itemSchema, 'The changed item.'),
  errors: ['collection_not_found', 'item_not_found', 'storage_full'],
  handle: ({ params: { collection, id }, body }, { engine }) => engine.store.updateItem(collection, id, body),
});

export const deleteItem = defineEndpoint({
  method: 'delete',
  path: onePath,
  tag,
  summary: 'Delete an item',
  params,
  response: noContent('The item is deleted.'),
  errors: ['collection_not_found', 'item_not_found', 'storage_full'],
  handle: ({ params: { collection, id } }, { engine }) => engine.deleteItem(collection, id),
});

/** The items of a bulk change: exactly one of the two. */
const target = {
  ids: boundedArray(itemId, { min: 1, max: MAX_IDS })
    .optional()
    .meta({ description: 'Ids of the items. Unknown ids are ignored.' }),
  filter: filter
    .optional()
    .meta({ description: 'Instead of `ids`: all items that match. At least one condition is required.' }),
};

const itemCount = z.int().meta({ description: 'Number of items.' });

const ONE_TARGET = 'must have either `ids` or `filter`';
const hasOneTarget = (body: { ids?: unknown; filter?: unknown }) =>
  (body.ids === undefined) !== (body.filter === undefined);

/** Converts the fields of a body that {@link hasOneTarget}. */
const toTarget = (ids: string[] | undefined, itemFilter: Filter | undefined): Target =>
  ids === undefined ? { filter: itemFilter! } : { ids };

export const updateItems = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/items/update',
  tag,
  summary: 'Change label, source or metadata of many items',
  description:
    'Absent fields do not change. `metadata` replaces the whole object; `mergeMetadata` sets single keys, and null removes ' +
    'one. Items are changed in durable steps of a few hundred. After an error, sending the same request again ' +
    'completes it.',
  params: { collection: collectionName },
  body: jsonBody(
    z
      .strictObject({
        ...target,
        ...descriptionFields,
        mergeMetadata: descriptionFields.metadata.meta({ description: 'Keys to set in the metadata.' }),
      })
      .refine(hasOneTarget, ONE_TARGET)
      .refine(
        (body) => Object.keys(body).length > 1,
        'must contain label, source, metadata or mergeMetadata',
      ),
  ),
  response: json(z.object({ updated: itemCount }), 'The number of changed items.'),
  errors: ['collection_not_found', 'storage_full'],
  handle: async ({ params: { collection }, body: { ids, filter: itemFilter, ...patch } }, { engine }) => ({
    updated: await engine.store.updateItems(collection, toTarget(ids, itemFilter), patch),
  }),
});

export const deleteItems = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/items/delete',
  tag,
  summary: 'Delete many items',
  params: { collection: collectionName },
  body: jsonBody(z.strictObject(target).refine(hasOneTarget, ONE_TARGET)),
  response: json(z.object({ deleted: itemCount }), 'The number of deleted items.'),
  errors: ['collection_not_found', 'storage_full'],
  handle: async ({ params: { collection }, body }, { engine }) => ({
    deleted: await engine.store.deleteItems(collection, toTarget(body.ids, body.filter)),
  }),
});
