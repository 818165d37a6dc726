/** /v1/collections/{collection}/items: list; look at, change and delete one; its thumbnail. */
import { createHash } from 'node:crypto';
import type { Engine } from '../../engine/engine.js';
import { sniff } from '../../image/sniff.js';
import type { BodyReader } from '../body/reader.js';
import type { Endpoint } from '../endpoint.js';
import { item, itemPage } from '../schemas/answers.js';
import { collectionPath, itemPath, noQuery } from '../schemas/common.js';
import { itemPatch, itemsQuery } from '../schemas/requests.js';
import { defined, parse } from '../validate.js';
import { binary, bodies, json } from './answers.js';

const tag = 'items';
const onePath = '/v1/collections/{collection}/items/{id}';
const DEFAULT_LIMIT = 100;

export function itemRoutes(engine: Engine, reader: BodyReader): Endpoint[] {
  return [
    {
      method: 'get',
      path: '/v1/collections/{collection}/items',
      tag,
      summary: 'The items of a collection, a page at a time, in order of insertion',
      request: { params: collectionPath, query: itemsQuery },
      responses: { 200: json('A page.', itemPage) },
      errors: ['collection_not_found'],
      async handle(req, res) {
        const { collection } = parse(collectionPath, req.params, 'path');
        const { limit, cursor, filter: asJson, ...conditions } = parse(itemsQuery, req.query, 'query');
        const filter = { ...defined(asJson ?? {}), ...defined(conditions) };
        const page = await engine.listItems(collection, {
          limit: limit ?? DEFAULT_LIMIT,
          ...(cursor === undefined ? {} : { cursor }),
          ...(Object.keys(filter).length === 0 ? {} : { filter }),
        });
        res.json(page);
      },
    },
    {
      method: 'get',
      path: onePath,
      tag,
      summary: 'An item',
      request: { params: itemPath },
      responses: { 200: json('The item.', item) },
      errors: ['collection_not_found', 'item_not_found'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const { collection, id } = parse(itemPath, req.params, 'path');
        res.json(await engine.getItem(collection, id));
      },
    },
    {
      method: 'patch',
      path: onePath,
      tag,
      summary: 'Change label, source or metadata',
      description: 'Fields that are absent stay; `metadata` replaces the whole object.',
      request: { params: itemPath, ...bodies(itemPatch) },
      responses: { 200: json('The item as it is now.', item) },
      errors: ['collection_not_found', 'item_not_found', 'storage_full'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const { collection, id } = parse(itemPath, req.params, 'path');
        const patch = parse(itemPatch, await reader.object(req, res), 'body');
        res.json(await engine.updateItem(collection, id, defined(patch)));
      },
    },
    {
      method: 'delete',
      path: onePath,
      tag,
      summary: 'Delete an item',
      request: { params: itemPath },
      responses: { 204: { description: 'It is gone.' } },
      errors: ['collection_not_found', 'item_not_found', 'storage_full'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const { collection, id } = parse(itemPath, req.params, 'path');
        await engine.deleteItem(collection, id);
        res.status(204).end();
      },
    },
    thumbnailRoute(engine),
  ];
}

function thumbnailRoute(engine: Engine): Endpoint {
  return {
    method: 'get',
    path: `${onePath}/thumbnail`,
    tag,
    summary: "A small picture of an item's image",
    request: { params: itemPath },
    responses: {
      200: { description: 'The picture.', content: { 'image/webp': binary, 'image/jpeg': binary } },
      304: { description: 'The picture the caller has is still right.' },
    },
    errors: ['collection_not_found', 'item_not_found', 'thumbnail_not_found'],
    async handle(req, res) {
      parse(noQuery, req.query, 'query');
      const { collection, id } = parse(itemPath, req.params, 'path');
      const bytes = await engine.getThumbnail(collection, id);
      const digest = createHash('sha256').update(bytes).digest('base64url');
      // Private, since it may have been fetched with a key; a day, since an item can be deleted.
      res.set({ ETag: `"${digest.slice(0, 22)}"`, 'Cache-Control': 'private, max-age=86400' });
      if (req.fresh) {
        res.status(304).end();
        return;
      }
      const kind = sniff(bytes);
      res.type(kind === null ? 'application/octet-stream' : `image/${kind}`);
      res.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  };
}
