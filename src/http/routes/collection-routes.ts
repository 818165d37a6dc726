/** /v1/collections: create, list, read, change and delete collections; list labels, values and near-duplicates; draw a map. */
import { z } from 'zod';
import { collectionMapSchema, duplicatePageSchema, servedCollectionSchema } from '../../engine/answers.js';
import { metadataKey } from '../../engine/item-fields.js';
import { boundedArray, collectionName, paragraph, wholeNumber } from '../../engine/request-fields.js';
import { createOptions, duplicateOptions } from '../../engine/requests.js';
import { facetSchema, labelCountSchema, originalsSchema } from '../../store/records.js';
import { jsonBody } from '../body/body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { created, json, noContent } from '../response-spec.js';
import { roundNumbers } from '../round-numbers.js';

const tag = 'collections';
const params = { collection: collectionName };

export const listCollections = defineEndpoint({
  method: 'get',
  path: '/v1/collections',
  tag,
  summary: 'List all collections',
  // A list of thousands takes 50 ms to serialise.
  queue: () => 'pages',
  response: json(z.object({ collections: z.array(servedCollectionSchema) }), 'The collections.'),
  handle: async (_input, { engine }) => ({ collections: await engine.listCollections() }),
});

export const createCollection = defineEndpoint({
  method: 'post',
  path: '/v1/collections',
  tag,
  summary: 'Create an empty collection',
  body: jsonBody(
    z.strictObject({
      name: collectionName,
      description: paragraph.optional(),
      ...createOptions,
    }),
  ),
  response: created(
    servedCollectionSchema,
    'The new collection; `Location` has its address.',
    ({ name }) => `v1/collections/${name}`,
  ),
  errors: ['collection_exists', 'encoder_not_found', 'storage_full'],
  handle: ({ body: { name, description, ...options } }, { engine }) =>
    engine.createCollection(name, description, options),
});

export const getCollection = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}',
  tag,
  summary: 'Get a collection',
  params,
  response: json(servedCollectionSchema, 'The collection.'),
  errors: ['collection_not_found'],
  handle: ({ params: { collection } }, { engine }) => engine.getCollection(collection),
});

export const updateCollection = defineEndpoint({
  method: 'patch',
  path: '/v1/collections/{collection}',
  tag,
  summary: 'Change the name, aliases, description or `originals` of a collection',
  description: 'Absent fields do not change. An empty description removes it.',
  params,
  body: jsonBody(
    z
      .strictObject({
        name: collectionName,
        aliases: boundedArray(collectionName, { max: 20 }).meta({
          description: 'All other names of the collection. An alias of another collection moves to this one.',
        }),
        description: paragraph,
        originals: originalsSchema,
      })
      .partial(),
  ),
  response: json(servedCollectionSchema, 'The changed collection.'),
  errors: ['collection_not_found', 'collection_exists', 'storage_full'],
  handle: ({ params: { collection }, body }, { engine }) => engine.updateCollection(collection, body),
});

export const deleteCollection = defineEndpoint({
  method: 'delete',
  path: '/v1/collections/{collection}',
  tag,
  summary: 'Delete a collection with all its items',
  description: 'Use its own name; aliases are refused.',
  params,
  response: noContent('The collection is deleted.'),
  errors: ['collection_not_found', 'storage_full'],
  handle: ({ params: { collection } }, { engine }) => engine.deleteCollection(collection),
});

export const listLabels = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/labels',
  tag,
  summary: 'List the labels of a collection with their counts',
  params,
  queue: () => 'pages',
  response: json(
    z.object({
      labels: z
        .array(labelCountSchema)
        .meta({ description: 'Most frequent first; null stands for items without a label.' }),
    }),
    'The labels.',
  ),
  errors: ['collection_not_found'],
  handle: async ({ params: { collection } }, { engine }) => ({
    labels: await engine.store.listLabels(collection),
  }),
});

export const listFacets = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/facets',
  tag,
  summary: 'List the values of a metadata key with their counts',
  params,
  query: {
    field: metadataKey.meta({
      description: 'A metadata key; `a.b` is the key `b` inside `a`.',
      example: 'species',
    }),
    limit: wholeNumber(1, 1000).default(100).meta({ description: 'Values listed.' }),
  },
  queue: () => 'pages',
  response: json(
    z.object({
      field: z.string(),
      values: z.array(facetSchema).meta({ description: 'Most frequent first.' }),
    }),
    'The values.',
  ),
  errors: ['collection_not_found'],
  handle: async ({ params: { collection }, query: { field, limit } }, { engine }) => ({
    field,
    values: await engine.store.listFacets(collection, field, limit),
  }),
});

export const listDuplicates = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/duplicates',
  tag,
  summary: 'List near-duplicates',
  description:
    'Compares the next `limit` items, in order of insertion, with their twenty nearest neighbours in the whole ' +
    'collection, and lists the pairs that are at least as similar as `threshold`. A page may be empty while `next` ' +
    'says that there is more. Over all pages, each pair is listed once. If there are more than twenty copies of one ' +
    'picture, some pairs are not listed.',
  params,
  query: duplicateOptions,
  queue: () => 'scans',
  response: json(duplicatePageSchema, 'The pairs of this page, most similar first.'),
  errors: ['collection_not_found', 'model_mismatch'],
  handle: async ({ params: { collection }, query }, { engine }) =>
    roundNumbers(await engine.findDuplicates(collection, query)),
});

export const getMap = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/map',
  tag,
  summary: 'Get the items of a collection as points on a plane, with similar ones close together',
  description:
    'UMAP of the embeddings. Close points are similar, but large distances mean little. Above 10,000 items, a sample of ' +
    'that size. The first request takes up to a minute for 10,000 items; the map is cached until the items change. ' +
    'The response has one array per property of the points.',
  params,
  response: json(collectionMapSchema, 'The map.'),
  errors: ['collection_not_found', 'model_mismatch', 'worker_failed'],
  async handle({ params: { collection } }, { engine, queues }) {
    const map = await engine.getMap(collection);
    return queues.pages.run(async () => roundNumbers(map));
  },
});
