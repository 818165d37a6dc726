/** Engine answers as JSON: digits that mean something, nothing else changed. */

import { z } from 'zod';
import type {
  DuplicatePage,
  EmbedAnswer,
  Explanation,
  Identification,
  SearchAnswer,
  Timing,
} from '../../engine/engine.js';

const round = (value: number, factor: number) => Math.round(value * factor) / factor;
/** Shares and similarities: beyond six digits is float noise. */
const digits6 = (value: number) => round(value, 1e6);

const timingJson = ({ decodeMs, embedMs, searchMs, totalMs }: Timing): Timing => ({
  decodeMs: round(decodeMs, 100),
  embedMs: round(embedMs, 100),
  searchMs: round(searchMs, 100),
  totalMs: round(totalMs, 100),
});

/** The fields that explain a neighbour: none where it is not explained. */
function explanationJson(explanation: Explanation | undefined): { explanation?: Explanation } {
  if (explanation === undefined) return {};
  const { rows, columns, region, shares } = explanation;
  const { left, top, width, height } = region;
  return {
    explanation: {
      rows,
      columns,
      region: { left: digits6(left), top: digits6(top), width: digits6(width), height: digits6(height) },
      // A digit more than the similarity has: many of them sum to it.
      shares: shares.map((share) => round(share, 1e7)),
    },
  };
}

export function identificationJson(answer: Identification): Identification {
  return {
    ...answer,
    confidence: digits6(answer.confidence),
    candidates: answer.candidates.map((c) => ({ label: c.label, confidence: digits6(c.confidence) })),
    neighbours: answer.neighbours.map((n) => ({
      ...n,
      similarity: digits6(n.similarity),
      ...explanationJson(n.explanation),
    })),
    timing: timingJson(answer.timing),
  };
}

export function searchJson({ hits, model, timing }: SearchAnswer) {
  return {
    neighbours: hits.map(({ item, similarity, explanation }) => ({
      ...item,
      similarity: digits6(similarity),
      ...explanationJson(explanation),
    })),
    model,
    timing: timingJson(timing),
  };
}

export function embeddingJson({ embedding, model, timing }: EmbedAnswer) {
  return {
    // Nine digits give back the same float32.
    embedding: Array.from(embedding, (value) => Number(value.toPrecision(9))),
    dimension: embedding.length,
    model,
    timing: timingJson(timing),
  };
}

export function duplicatesJson({ pairs, ...page }: DuplicatePage): DuplicatePage {
  return { pairs: pairs.map((pair) => ({ ...pair, similarity: digits6(pair.similarity) })), ...page };
}

/** An answer's documentation: one JSON schema. */
export function json<S>(description: string, schema: S) {
  return { description, content: { 'application/json': { schema } } };
}

/** A request body's documentation: as JSON, and as a form where there is one. */
export function bodies(forJson: z.ZodType, forForm?: z.ZodType) {
  const form = forForm === undefined ? {} : { 'multipart/form-data': { schema: forForm } };
  return { body: { required: true, content: { ...form, 'application/json': { schema: forJson } } } };
}

/** Bytes that are no text, in the documentation of a body or an answer. */
export const binary = { schema: z.string().meta({ format: 'binary' }) };

const file = z.string().meta({ format: 'binary', description: 'The image file.' });

/** A form's documentation: one file and the fields of `schema`. */
export function imageForm(schema: z.ZodObject) {
  return schema.extend({ image: file });
}

/** A form's documentation: files and the fields of `schema`. */
export function manyImagesForm(schema: z.ZodObject) {
  return schema.extend({ image: z.array(file).min(1).meta({ description: 'Repeat it for many.' }) });
}
