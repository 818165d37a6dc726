/** POST /v1/collections/{collection}/items: adds one or more images. Each succeeds or fails alone. */
import { z } from 'zod';
import { toFailure } from '../../engine/add-items.js';
import { addResultSchema } from '../../engine/answers.js';
import type { AddOptions, AddResult, Engine, ItemInput } from '../../engine/engine.js';
import {
  boundedArray,
  collectionName,
  descriptionFields,
  source as sourceField,
} from '../../engine/request-fields.js';
import { addOptions } from '../../engine/requests.js';
import { PawdexError } from '../../errors.js';
import { decodeBase64 } from '../body/base64.js';
import type { Body, UploadLimits } from '../body/body-reader.js';
import { type BodySpec, imageFile, toFormFields } from '../body/body-spec.js';
import { defineEndpoint } from '../define-endpoint.js';
import { parseFields } from '../parse-fields.js';
import { json } from '../response-spec.js';

const imageBase64 = z.string().meta({ contentEncoding: 'base64' });

/** Maximum number of entries of `items`, which is the largest value of PAWDEX_MAX_BATCH_FILES. */
const MAX_ITEMS = 1000;

const itemsJson = z.strictObject({
  ...descriptionFields,
  items: boundedArray(z.strictObject({ ...descriptionFields, imageBase64 }), { min: 1, max: MAX_ITEMS }),
});

/** Label, source and metadata of an upload: for all its images, and in `items` for each in order. */
const formFields = {
  ...descriptionFields,
  items: boundedArray(z.strictObject(descriptionFields), { max: MAX_ITEMS }).optional().meta({
    description: 'One object per image, in order. Its fields take precedence over those for all images.',
  }),
};
const itemsForm = z.strictObject(toFormFields(formFields));

/** An image to add, or the result of an image that has already failed. */
type Prepared = ItemInput | Extract<AddResult, { status: 'failed' }>;

const createCountError = (detail: string, message: string) =>
  new PawdexError('invalid_request', { detail, errors: [{ path: 'body.items', message }] });

/** Checks a file name that is used as the source. */
function checkFileName(name: string | null): string | null {
  if (name === null) {
    return null;
  }
  const issue = sourceField.safeParse(name).error?.issues[0];
  if (issue === undefined) {
    return name;
  }
  throw new PawdexError('invalid_request', {
    detail: `The file name ${issue.message}.`,
    hint: 'Rename the file, or send a `source` with it.',
  });
}

/** Reads the items of a form: one per part `image`, with the fields for all and those of `items` in order. */
function readForm({ files, fields }: Body): Prepared[] {
  const { items, ...forAll } = parseFields(itemsForm, fields, 'body');
  if (items !== undefined && items.length !== files.length) {
    const detail = `\`items\` describes ${items.length} images, but ${files.length} were sent.`;
    throw createCountError(detail, 'must have one entry per image');
  }
  return files.map(({ content, name }, i) => {
    try {
      if (content instanceof PawdexError) {
        throw content;
      }
      const { source = checkFileName(name), ...description } = { ...forAll, ...items?.[i] };
      return { image: content, ...description, source };
    } catch (thrown) {
      return toFailure(thrown);
    }
  });
}

/** Reads the items of a JSON body. If one is not base64, only that one fails. */
function readJson({ fields }: Body, { batchFiles, fileBytes }: UploadLimits): Prepared[] {
  const { items, ...forAll } = parseFields(itemsJson, fields, 'body');
  if (items.length > batchFiles) {
    const detail = `\`items\` has ${items.length} entries; this server accepts ${batchFiles} in one request.`;
    throw createCountError(detail, `must have at most ${batchFiles} entries`);
  }
  return items.map(({ imageBase64, ...description }, i) => {
    try {
      const image = decodeBase64(imageBase64, fileBytes, `body.items.${i}.imageBase64`);
      return { image, ...forAll, ...description };
    } catch (thrown) {
      return toFailure(thrown);
    }
  });
}

/** Images to add, as a form or as JSON of the same fields. */
const imagesBody: BodySpec<Prepared[]> = {
  options: {},
  json: itemsJson,
  form: z.strictObject({
    ...formFields,
    image: z.array(imageFile).min(1).meta({ description: 'Image files; repeat the field for many.' }),
  }),
  async read(req, res, reader) {
    const body = await reader.read(req, res, { many: true, imagePaths: ['items[].imageBase64'] });
    if (body.isForm ? body.files.length === 0 : Object.keys(body.fields).length === 0) {
      throw new PawdexError('image_missing', {
        hint: 'Send files in the multipart field `image`, or `items` with `imageBase64` in JSON.',
      });
    }
    return body.isForm ? readForm(body) : readJson(body, reader.limits);
  },
};

/** Adds the images and returns all results in the order sent. */
async function addInOrder(
  engine: Engine,
  collection: string,
  prepared: Prepared[],
  options: AddOptions,
): Promise<AddResult[]> {
  const inputs = prepared.filter((entry): entry is ItemInput => 'image' in entry);
  const results = (await engine.addItems(collection, inputs, options)).values();
  return prepared.map((entry) => ('image' in entry ? results.next().value! : entry));
}

export const addItemsResponseSchema = z
  .object({
    created: z.int(),
    exists: z
      .int()
      .meta({ description: 'Images whose bytes the collection already had. They are unchanged.' }),
    updated: z.int().meta({ description: 'With `upsert`: existing items that were updated.' }),
    failed: z.int(),
    results: z.array(addResultSchema).meta({ description: 'One per image, in the order of the request.' }),
  })
  .meta({ id: 'AddAnswer' });

export const addItems = defineEndpoint({
  method: 'post',
  path: '/v1/collections/{collection}/items',
  tag: 'items',
  urgency: 'bulk',
  summary: 'Add one or more images',
  description:
    'Responds 200 with one result per image, in order, even if some or all of them failed: check the `status` of ' +
    'each. `created` items are durable. Images that the collection already had are `exists` and unchanged; with ' +
    '`upsert` they get the new label, source and metadata and are `updated`. ' +
    'A form over the limits is refused as a whole. The default `source` is the file name.',
  params: { collection: collectionName },
  query: addOptions,
  body: imagesBody,
  response: json(addItemsResponseSchema, 'The result of each image.'),
  errors: ['collection_not_found', 'model_mismatch', 'storage_full'],
  async handle({ params: { collection }, query, body }, { engine }) {
    const results = await addInOrder(engine, collection, body, query);
    const count = (status: AddResult['status']) => results.filter((r) => r.status === status).length;
    return {
      created: count('created'),
      exists: count('exists'),
      updated: count('updated'),
      failed: count('failed'),
      results,
    };
  },
});
