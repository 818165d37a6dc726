/** Declares the responses of endpoints: how they are sent and documented. */
import type { Request, Response } from 'express';
import { z } from 'zod';
import { toRelativeAddress } from './relative-address.js';

/** Media types with the schemas of their content. */
export type Content = Record<string, z.ZodType>;

/** How an endpoint responds on success. */
export interface ResponseSpec<A> {
  status: number;
  description: string;
  content: Content;
  /** Other statuses that are not errors. */
  others: Record<number, { description: string; content?: Content }>;
  send(req: Request, res: Response, value: A): void;
}

type Others = ResponseSpec<unknown>['others'];

const binary = z.string().meta({ format: 'binary' });

/** Declares a JSON response. */
export function json<S extends z.ZodType>(
  schema: S,
  description: string,
  others: Others = {},
): ResponseSpec<z.output<S>> {
  return {
    status: 200,
    description,
    content: { 'application/json': schema },
    others,
    send: (_req, res, value) => {
      res.json(value);
    },
  };
}

/**
 * Declares a JSON response for something that was created or accepted, with its address in `Location`.
 *
 * @param getAddress returns the path of the new object from the root of the app: `v1/jobs/ID`
 */
export function created<S extends z.ZodType>(
  schema: S,
  description: string,
  getAddress: (value: z.output<S>) => string,
  status = 201,
): ResponseSpec<z.output<S>> {
  return {
    ...json(schema, description),
    status,
    send: (req, res, value) => {
      res.location(toRelativeAddress(req.originalUrl, getAddress(value))).json(value);
    },
  };
}

/** Declares an empty response with status 204. */
export function noContent(description: string): ResponseSpec<void> {
  return { status: 204, description, content: {}, others: {}, send: (_req, res) => void res.end() };
}

/** A file. Express responds 304 if the client has it already, by the `ETag` that the handler sets. */
export interface FileContent {
  type: string;
  bytes: Uint8Array | string;
}

/** Declares a file of one of these media types. */
export function file(types: string[], description: string, others: Others = {}): ResponseSpec<FileContent> {
  return {
    status: 200,
    description,
    content: Object.fromEntries(types.map((type) => [type, type.startsWith('text/') ? z.string() : binary])),
    others,
    send: (_req, res, { type, bytes }) => {
      res.type(type);
      res.send(
        typeof bytes === 'string' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      );
    },
  };
}

/** Declares a stream that the handler writes and ends itself. */
export function stream(type: string, description: string, others: Others = {}): ResponseSpec<void> {
  return { status: 200, description, content: { [type]: z.string() }, others, send: () => {} };
}
