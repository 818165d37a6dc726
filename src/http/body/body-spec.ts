/** Declares the bodies that endpoints accept: how they are read and documented. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import { isStructured } from '../json-schema.js';
import { type Parsed, parse, type Shape } from '../parse-fields.js';
import { decodeBase64 } from './base64.js';
import type { Body, BodyReader } from './body-reader.js';

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

/** The address of an image, in the body or in the query. */
const urlOption = z.string().min(1).max(2000).optional().meta({
  description: 'Public address of an image, which the server fetches if PAWDEX_FETCH_URLS is set.',
  example: 'https://example.org/cat.jpg',
});

/** Declares a JSON body. @param imagePaths paths of texts that may be as long as an image */
export function jsonBody<S extends z.ZodType>(schema: S, imagePaths: string[] = []): BodySpec<z.output<S>> {
  return {
    options: {},
    json: schema,
    form: null,
    read: async (req, res, reader) => parse(schema, await reader.object(req, res, { imagePaths }), 'body'),
  };
}

interface ImageBodyParts<O extends Shape, F extends Shape> {
  /** Fields that may be sent in the query or in the body, but must not differ. */
  options: O;
  /** Fields of the body only; forms send objects and arrays as JSON text. */
  fields?: F;
}

/** Declares an image with further fields, as a form or as JSON. */
export function imageBody<O extends Shape, F extends Shape = Record<never, never>>(
  parts: ImageBodyParts<O, F>,
): BodySpec<Parsed<O> & Parsed<F> & { image: Uint8Array }> {
  const spec = optionalImageBody(parts);
  return {
    ...spec,
    form: spec.form!.required({ image: true }),
    async read(...request) {
      const { image, ...named } = await spec.read(...request);
      if (image === null) {
        throw new PawdexError('image_missing');
      }
      return { ...named, image } as Parsed<O> & Parsed<F> & { image: Uint8Array };
    },
  };
}

/** Like {@link imageBody}, with an optional image. */
export function optionalImageBody<O extends Shape, F extends Shape = Record<never, never>>({
  options: own,
  fields,
}: ImageBodyParts<O, F>): BodySpec<Parsed<O> & Parsed<F> & { image: Uint8Array | null }> {
  const options = { ...own, url: urlOption };
  const shape = { ...options, ...fields, ...jsonImage };
  const schema = z.strictObject(shape);
  const jsonFields = Object.keys(fields ?? {}).filter((name) => isStructured(shape[name]!));
  return {
    options,
    json: schema,
    form: z.strictObject({ ...shape, image: imageFile.optional() }),
    async read(req, res, reader, query) {
      const body = await reader.read(req, res, { imagePaths: ['imageBase64'], jsonFields });
      const { imageBase64, ...named } = parse(schema, body.fields, 'body') as Record<string, unknown>;
      for (const name of Object.keys(options)) {
        const inQuery = req.query[name] !== undefined;
        const inBody = body.fields[name] !== undefined;
        if (inQuery && inBody && query[name] !== named[name]) {
          throw createConflictError(name);
        }
        if (inQuery || !inBody) {
          named[name] = query[name];
        }
      }
      const { url, ...rest } = named;
      const image = await readImage(body, { imageBase64, url } as NamedImage, reader);
      return { ...rest, image } as Parsed<O> & Parsed<F> & { image: Uint8Array | null };
    },
  };
}

/** The ways to send an image outside of a form. */
interface NamedImage {
  imageBase64?: string;
  url?: string;
}

/**
 * Takes the only image of a body. @returns null if it has none
 *
 * @throws PawdexError image_unexpected if there are several, image_missing if the part is not a file, and the errors of
 *   base64 and of fetching
 */
async function readImage(
  { files }: Body,
  { imageBase64, url }: NamedImage,
  reader: BodyReader,
): Promise<Uint8Array | null> {
  const [file] = files;
  const named = [file, imageBase64, url].filter((way) => way !== undefined).length;
  if (named > 1) {
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
