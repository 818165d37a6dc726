/** /v1/collections: create, list, look at and delete collections. */
import type { Engine } from '../../engine/engine.js';
import type { BodyReader } from '../body/reader.js';
import type { Endpoint } from '../endpoint.js';
import { relativeAddress } from '../relative-address.js';
import { collection, collectionList } from '../schemas/answers.js';
import { collectionPath, noQuery } from '../schemas/common.js';
import { newCollection } from '../schemas/requests.js';
import { parse } from '../validate.js';
import { bodies, json } from './answers.js';

const tag = 'collections';

export function collectionRoutes(engine: Engine, reader: BodyReader): Endpoint[] {
  return [
    {
      method: 'get',
      path: '/v1/collections',
      tag,
      summary: 'All collections',
      responses: { 200: json('The collections.', collectionList) },
      errors: [],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        res.json({ collections: await engine.listCollections() });
      },
    },
    {
      method: 'post',
      path: '/v1/collections',
      tag,
      summary: 'Create an empty collection for the model this server runs',
      request: bodies(newCollection),
      responses: { 201: json('The new collection; `Location` has its address.', collection) },
      errors: ['collection_exists', 'storage_full'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const { name, description } = parse(newCollection, await reader.object(req, res), 'body');
        const created = await engine.createCollection(name, description);
        res
          .status(201)
          .location(relativeAddress(req.originalUrl, `v1/collections/${name}`))
          .json(created);
      },
    },
    {
      method: 'get',
      path: '/v1/collections/{collection}',
      tag,
      summary: 'A collection',
      request: { params: collectionPath },
      responses: { 200: json('The collection.', collection) },
      errors: ['collection_not_found'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const { collection: name } = parse(collectionPath, req.params, 'path');
        res.json(await engine.getCollection(name));
      },
    },
    {
      method: 'delete',
      path: '/v1/collections/{collection}',
      tag,
      summary: 'Delete a collection with all its items',
      request: { params: collectionPath },
      responses: { 204: { description: 'It is gone.' } },
      errors: ['collection_not_found', 'storage_full'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const { collection: name } = parse(collectionPath, req.params, 'path');
        await engine.deleteCollection(name);
        res.status(204).end();
      },
    },
  ];
}
