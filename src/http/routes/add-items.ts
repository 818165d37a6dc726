/** POST /v1/collections/{collection}/items: adds one image or many; each succeeds or fails alone. */
import type { AddResult, Engine, ItemInput } from '../../engine/engine.js';
import { asPawdexError, PawdexError } from '../../errors.js';
import { fromBase64 } from '../body/images.js';
import type { Body, BodyReader } from '../body/reader.js';
import type { Endpoint } from '../endpoint.js';
import { addAnswer } from '../schemas/answers.js';
import { collectionPath, noQuery } from '../schemas/common.js';
import { itemsForm, itemsJson } from '../schemas/requests.js';
import { defined, parse } from '../validate.js';
import { bodies, json, manyImagesForm } from './answers.js';

type Prepared = ItemInput | Extract<AddResult, { status: 'failed' }>;

/** The items of a form: its files, described by the fields for all and by `items` in order. */
function fromForm({ files, fields }: Body): Prepared[] {
  const { items, ...forAll } = parse(itemsForm, fields, 'body');
  if (items !== undefined && items.length !== files.length)
    throw new PawdexError('invalid_request', {
      detail: `\`items\` describes ${items.length} images, but ${files.length} were sent.`,
      errors: [{ path: 'body.items', message: 'must have one entry per image' }],
    });
  return files.map(({ buffer, originalname }, i) => ({
    image: buffer,
    source: originalname,
    ...defined(forAll),
    ...defined(items?.[i] ?? {}),
  }));
}

/** The items of a JSON body; text that is not base64 fails alone, as a damaged image does. */
function fromJson({ fields }: Body, batchFiles: number, fileBytes: number): Prepared[] {
  const { items, ...forAll } = parse(itemsJson, fields, 'body');
  if (items.length > batchFiles)
    throw new PawdexError('invalid_request', {
      detail: `\`items\` has ${items.length} entries; this server takes ${batchFiles} in one request.`,
      errors: [{ path: 'body.items', message: `must have at most ${batchFiles} entries` }],
    });
  return items.map(({ imageBase64, ...own }, i) => {
    try {
      const image = fromBase64(imageBase64, fileBytes, `body.items.${i}.imageBase64`);
      return { image, ...defined(forAll), ...defined(own) };
    } catch (thrown) {
      const { code, message, hint, status } = asPawdexError(thrown);
      if (status >= 500) throw thrown;
      return { status: 'failed', error: { code, detail: message, hint } };
    }
  });
}

/** Adds what is an image and puts the results back into the order that was sent. */
async function add(engine: Engine, collection: string, prepared: Prepared[]): Promise<AddResult[]> {
  const inputs = prepared.filter((entry): entry is ItemInput => 'image' in entry);
  const results = (await engine.addItems(collection, inputs)).values();
  return prepared.map((entry) => ('image' in entry ? results.next().value! : entry));
}

export function addItemsRoutes(engine: Engine, reader: BodyReader): Endpoint[] {
  const { batchFiles, fileBytes } = reader.limits;
  return [
    {
      method: 'post',
      path: '/v1/collections/{collection}/items',
      tag: 'items',
      summary: 'Add one image or many',
      description:
        'Answers 200 with a result per image, in order, even where some or all of them failed: look at `status` of ' +
        'each. What is `created` is durable. Bytes the collection holds already are `exists` and stay as they were. ' +
        'A form whose files are over the limits is refused as a whole. `source` is the file name when not given.',
      request: { params: collectionPath, ...bodies(itemsJson, manyImagesForm(itemsForm)) },
      responses: { 200: json('What became of each image.', addAnswer) },
      errors: ['image_missing', 'image_unexpected', 'collection_not_found', 'model_mismatch', 'storage_full'],
      async handle(req, res) {
        parse(noQuery, req.query, 'query');
        const { collection } = parse(collectionPath, req.params, 'path');
        const isForm = Boolean(req.is('multipart/form-data'));
        const body = await reader.read(req, res, { many: true });
        if (isForm ? body.files.length === 0 : Object.keys(body.fields).length === 0)
          throw new PawdexError('image_missing', {
            hint: 'Send files in the multipart field `image`, or `items` with `imageBase64` in JSON.',
          });
        const prepared = isForm ? fromForm(body) : fromJson(body, batchFiles, fileBytes);
        const results = await add(engine, collection, prepared);
        const count = (status: AddResult['status']) => results.filter((r) => r.status === status).length;
        res.json({ created: count('created'), exists: count('exists'), failed: count('failed'), results });
      },
    },
  ];
}
