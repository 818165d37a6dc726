/** Thumbnails: get the thumbnail of an item, and add thumbnails to items without one. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { attachStatusSchema } from '../../engine/answers.js';
import { boundedArray, collectionName, itemId, sha256 } from '../../engine/request-fields.js';
import { ERRORS } from '../../errors.js';
import { sniff } from '../../image/sniff.js';
import { decodeBase64 } from '../body/base64.js';
import { jsonBody } from '../body/body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { file, json } from '../response-spec.js';

const tag = 'items';
/** Largest number of thumbnails per request. */
const MAX_THUMBNAILS = 200;
/** Largest thumbnail, in bytes. */
const MAX_BYTES = 64 * 1024;

export const getThumbnail = defineEndpoint({
  method: 'get',
  path: '/v1/collections/{collection}/items/{id}/thumbnail',
  tag,
  summary: 'Get the thumbnail of an item',
  params: { collection: collectionName, id: itemId },
  response: file(['image/webp', 'image/jpeg'], 'The thumbnail.', {
    304: { description: 'The thumbnail has not changed.' },
  }),
  errors: ['collection_not_found', 'item_not_found', 'thumbnail_not_found', 'picture_damaged'],
  async handle({ params: { collection, id }, res }, { engine }) {
    const bytes = await engine.store.getThumbnail(collection, id);
    const digest = createHash('sha256').update(bytes).digest('base64url');
    // Private, because a key may be required. A day, because an item can be deleted.
    res.set({ ETag: `"${digest.slice(0, 22)}"`, 'Cache-Control': 'private, max-age=86400' });
    const format = sniff(bytes);
    return { type: format === null ? 'application/octet-stream' : `image/${format}`, bytes };
  },
});

const entry = z.strictObject({
  sha256: sha256.meta({ description: "Hex sha256 of the item's original bytes." }),
  imageBase64: z
    .string()
    .meta({ contentEncoding: 'base64', description: 'A JPEG or WebP of at most 64 KiB.' }),
});

const attachAnswer = z
  .object({
    attached: z.int(),
    kept: z.int().meta({ description: 'Items that already have a thumbnail.' }),
    unknown: z.int().meta({ description: 'Hashes that the collection does not have.' }),
    results: z.array(attachStatusSchema).meta({ description: 'In the order of the request.' }),
  })
  .meta({ id: 'AttachAnswer' });

export const attachThumbnails = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/items/thumbnails',
  tag,
  summary: 'Add thumbnails to items without one, by content hash',
  description:
    'For collections that were imported without pictures. Existing thumbnails are only replaced if they are damaged.',
  params: { collection: collectionName },
  body: jsonBody(z.strictObject({ thumbnails: boundedArray(entry, { min: 1, max: MAX_THUMBNAILS }) }), [
    'thumbnails[].imageBase64',
  ]),
  response: json(attachAnswer, 'The result of each thumbnail.'),
  errors: ['collection_not_found', 'thumbnail_invalid', 'storage_full'],
  async handle({ params: { collection }, body }, { engine }) {
    const thumbnails = body.thumbnails.map(({ sha256: hash, imageBase64 }, i) => ({
      sha256: hash,
      thumbnail: decodeBase64(
        imageBase64,
        MAX_BYTES,
        `body.thumbnails.${i}.imageBase64`,
        ERRORS.thumbnail_invalid.hint,
      ),
    }));
    const results = await engine.attachThumbnails(collection, thumbnails);
    const count = (status: (typeof results)[number]) => results.filter((result) => result === status).length;
    return { attached: count('attached'), kept: count('kept'), unknown: count('unknown'), results };
  },
});
