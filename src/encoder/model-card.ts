/** The model card `encoder.json`: everything needed to feed an encoder and to read its output. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { PawdexError } from '../errors.js';
import { checkFields } from '../files/check-fields.js';
import { readJsonFile } from '../files/read-json-file.js';
import { computeSha256 } from '../files/sha256.js';

export const resizeSchema = z.object({
  fit: z.literal('cover'),
  kernel: z.enum(['lanczos3', 'cubic', 'linear', 'mitchell']),
});

const commonInput = {
  name: z.string().min(1),
  /** Side of the square input in pixels. */
  size: z.int().min(16).max(2048),
  resize: resizeSchema,
  /** The batch size, if the model accepts only one. */
  batch: z.int().min(1).max(1).optional(),
};

/** Decoded pixels; scaling and layout are in the graph. pawdex exports its own encoders this way. */
const uint8Input = z.object({ ...commonInput, type: z.literal('uint8'), layout: z.literal('NHWC') });

/** For other encoders: float, scaled outside the graph as (pixel / 255 - mean) / std per channel. */
const floatInput = z.object({
  ...commonInput,
  type: z.literal('float32'),
  layout: z.enum(['NCHW', 'NHWC']),
  mean: z.tuple([z.number(), z.number(), z.number()]),
  std: z.tuple([z.number().positive(), z.number().positive(), z.number().positive()]),
});

const cardSchema = z.object({
  formatVersion: z.literal(1),
  name: z.string().min(1),
  description: z.string(),
  /** File name of the ONNX model, beside the card. */
  file: z.string().min(1),
  /** Hex sha256 of the model file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  input: z.discriminatedUnion('type', [uint8Input, floatInput]),
  output: z.object({
    name: z.string().min(1),
    dimension: z.int().min(2).max(8192),
    /**
     * How to combine several vectors per image: the first token or the mean of all, for [batch, tokens, dimension]; or the
     * mean of a map, [batch, dimension, height, width].
     */
    pooling: z.enum(['first', 'mean', 'map']).optional(),
  }),
  metric: z.literal('cosine'),
  licence: z.string().min(1),
  /** Settings of the breed vote that fit the similarity scale of this encoder, chosen on a validation split. */
  vote: z.object({ k: z.int().min(1).max(1000), temperature: z.number().positive() }),
  training: z.record(z.string(), z.unknown()),
  quality: z.record(z.string(), z.unknown()),
});

export type ModelCard = z.infer<typeof cardSchema>;

export interface LoadedCard {
  card: ModelCard;
  modelPath: string;
  /** Hex sha256 of the model's digest and the preprocessing. Encoders with equal fingerprints give equal embeddings. */
  fingerprint: string;
}

/**
 * Computes the identity of an embedding space: the model bytes, and everything done to an image before the model sees
 * it.
 *
 * @returns hex sha256
 */
export function computeFingerprint(card: ModelCard): string {
  const identity = JSON.stringify([card.sha256, card.input, card.output, card.metric], sortKeys);
  return computeSha256(identity);
}

/** A replacer for `JSON.stringify` that writes objects with equal fields as equal text. */
function sortKeys(_key: string, value: unknown): unknown {
  return value instanceof Object && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

/**
 * Reads a model card and verifies that it describes the model beside it.
 *
 * @param cardPath path of `encoder.json`
 * @throws PawdexError model_invalid when the card or the model is missing, malformed or does not match
 */
export async function loadCard(cardPath: string): Promise<LoadedCard> {
  const json = await readJsonFile(cardPath, 'model_invalid');
  if (json === undefined) {
    throw new PawdexError('model_invalid', {
      detail: `There is no model card ${path.resolve(cardPath)}.`,
      hint: 'Check PAWDEX_MODEL or --model.',
    });
  }
  const card = checkCard(json, cardPath);
  const modelPath = path.join(path.dirname(cardPath), card.file);
  const bytes = await readFile(modelPath).catch((cause) => {
    throw new PawdexError('model_invalid', { detail: `Cannot read the model file ${modelPath}.`, cause });
  });
  const digest = computeSha256(bytes);
  if (digest !== card.sha256) {
    throw new PawdexError('model_invalid', {
      detail: `${modelPath} has sha256 ${digest}; the card says ${card.sha256}.`,
    });
  }
  return { card, modelPath, fingerprint: computeFingerprint(card) };
}

/**
 * Checks every field of a card.
 *
 * @param what names the card in the error
 * @throws PawdexError model_invalid
 */
export function checkCard(card: unknown, what: string): ModelCard {
  return checkFields(cardSchema, card, what, 'model_invalid');
}
