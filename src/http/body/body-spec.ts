/** Declares the bodies that endpoints accept: how they are read and documented. */
import { isDeepStrictEqual } from 'node:util';
import type { Request, Response } from 'express';
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import { isStructured } from '../json-schema.js';
import { type Parsed, parseFields, type Shape } from '../parse-fields.js';
import { decodeBase64 } from './base64.js';
import type { Body, BodyReader } from './body-reader.js';
import { parseJsonText } from './check-json.js';

/** How the body of an endpoint is read and documented. */
export interface BodySpec<B> {
  /** Fields that may be sent in the query instead. */
  options: Shape;
  /** Null if the body is a file. */
  json: z.ZodType | null;
  /** The media types, if the body is a file. */
  raw?: { type: string; schema: z.ZodType };
  /** The form that can be sent instead of JSON, or null. */
  form: z.ZodObject | null;
  /** @param query the parsed query */
  read(req: Request, res: Response, reader: BodyReader, query: Record<string, unknown>): Promise<B>;
}

/** An image file in a form. */
export const imageFile = z.string().meta({ format: 'binary', description: 'The image file.' });

const jsonImage = {
  imageBase64: z.string().optional().meta({
    description: 'The image file as base64 or as a data URL.',
    contentEncoding: 'base64',
    example: '/9j/4AAQSkZJRgABAQ==',
  }),
};

/** The URL of an image, in the body or in the query. */
const urlOption = z.string().min(1).max(2000).optional().meta({
  description: 'Public URL of an image, which the server fetches if PAWDEX_FETCH_URLS is set.',
  example: 'https://example.org/cat.jpg',
});

/**
 * Declares a JSON body.
 *
 * @param imagePaths paths of strings that may be as long as an image
 */
export function jsonBody<S extends z.ZodType>(schema: S, imagePaths: string[] = []): BodySpec<z.output<S>> {
  return {
    options: {},
    json: schema,
    form: null,
    read: async (req, res, reader) =>
      parseFields(schema, await reader.readJson(req, res, { imagePaths }), 'body'),
  };
}

/** Makes fields accept the text of a form, in which objects and arrays are JSON. */
export function toFormFields<S extends Shape>(shape: S): S {
  const fields = Object.entries(shape).map(([name, field]) => [
    name,
    isStructured(field) ? z.preprocess(parseJsonText, field) : field,
  ]);
  return Object.fromEntries(fields);
}

interface ImageBodyOptions<O extends Shape, F extends Shape> {
  /** Fields that may be sent in the query or in the body, but must not differ. */
  options: O;
  /** Fields of the body only; forms send objects and arrays as JSON text. */
  fields?: F;
}

/** Declares an image with further fields, as a form or as JSON. */
export function imageBody<O extends Shape, F extends Shape = Record<never, never>>(
  parts: ImageBodyOptions<O, F>,
): BodySpec<Parsed<O> & Parsed<F> & { image: Uint8Array }>;
/** Declares an optional image with further fields, for endpoints with other kinds of queries. */
export function imageBody<O extends Shape, F extends Shape = Record<never, never>>(
  parts: ImageBodyOptions<O, F>,
  presence: 'optional',
): BodySpec<Parsed<O> & Parsed<F> & { image: Uint8Array | null }>;
export function imageBody(
  parts: ImageBodyOptions<Shape, Shape>,
  presence: 'required' | 'optional' = 'required',
): BodySpec<Record<string, unknown>> {
  const isRequired = presence === 'required';
  const options = { ...parts.options, url: urlOption };
  const shape = { ...options, ...parts.fields, ...jsonImage };
  const schema = z.strictObject(shape);
  const formSchema = z.strictObject(toFormFields(shape));
  return {
    options,
    json: schema,
    form: z.strictObject({ ...shape, image: isRequired ? imageFile : imageFile.optional() }),
    async read(req, res, reader, query) {
      const body = await reader.read(req, res, { imagePaths: ['imageBase64'] });
      const { imageBase64, ...values }: Record<string, unknown> = parseFields(
        body.isForm ? formSchema : schema,
        body.fields,
        'body',
      );
      for (const name of Object.keys(options)) {
        const isInQuery = req.query[name] !== undefined;
        const isInBody = body.fields[name] !== undefined;
        if (isInQuery && isInBody && !isDeepStrictEqual(query[name], values[name])) {
          throw createConflictError(name);
        }
        if (isInQuery || !isInBody) {
          values[name] = query[name];
        }
      }
      const { url, ...rest } = values;
      const image = await readImage(body, { imageBase64, url } as ImageReference, reader);
      if (isRequired && image === null) {
        throw new PawdexError('image_missing');
      }
      return { ...rest, image };
    },
  };
}

/** The ways to send an image outside of a form. */
interface ImageReference {
  imageBase64?: string;
  url?: string;
}

/**
 * Reads the only image of a body.
 *
 * @returns null if it has none
 * @throws PawdexError image_unexpected if there are several, image_missing if the part is not a file, and the errors of
 *   base64 and of fetching
 */
async function readImage(
  { files }: Body,
  { imageBase64, url }: ImageReference,
  reader: BodyReader,
): Promise<Uint8Array | null> {
  const [file] = files;
  const images = [file, imageBase64, url].filter((image) => image !== undefined);
  if (images.length > 1) {
    throw new PawdexError('image_unexpected', { detail: 'The request contains more than one image.' });
  }
  if (url !== undefined) {
    return reader.fetch(url);
  }
  if (imageBase64 !== undefined) {
    return decodeBase64(imageBase64, reader.limits.fileBytes, 'body.imageBase64');
  }
  if (file?.content instanceof PawdexError) {
    throw file.content;
  }
  return file?.content ?? null;
}

function createConflictError(name: string): PawdexError {
  return new PawdexError('invalid_request', {
    detail: `\`${name}\` has different values in the query and in the body.`,
    errors: [{ path: `body.${name}`, message: 'differs from the query' }],
  });
}
