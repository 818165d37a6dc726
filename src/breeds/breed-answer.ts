/** What pawdex answers about a photo. The schema documents the HTTP API and gives the type; nothing is checked against it. */
import { z } from 'zod';

export const probability = z.number().min(0).max(1);
export const similarity = z
  .number()
  .min(-1)
  .max(1)
  .meta({ description: 'Cosine similarity.', example: 0.83 });

export const breedAnswerSchema = z.object({
  decision: z.enum(['match', 'ambiguous', 'unknown']).meta({
    description:
      '`match`: one breed; `ambiguous`: several candidates are possible; `unknown`: nothing similar was found.',
  }),
  breed: z.string().nullable().meta({
    description: 'The most likely label, even if the decision is `ambiguous`; null if it is `unknown`.',
    example: 'siamese',
  }),
  confidence: probability.meta({
    description: 'Probability that the first candidate is right; its share of the vote if `basis` is `vote`.',
    example: 0.97,
  }),
  calibrated: z.boolean().meta({ description: 'Whether `confidence` was fitted to the collection.' }),
  basis: z.enum(['calibration', 'statistics', 'vote']).meta({
    description:
      'Where `confidence` comes from: a calibration of the collection, the statistics of the encoder for any ' +
      'collection, or only the share of the vote.',
  }),
  known: probability.nullable().meta({
    description: 'Probability that the collection contains what the photo shows; null if `basis` is `vote`.',
  }),
  candidates: z
    .array(
      z.object({
        label: z.string(),
        confidence: probability,
        share: probability.meta({ description: 'Its share of the vote. All shares sum to 1.' }),
        count: z.int().meta({ description: 'Neighbours with this label among those that voted.' }),
        similarity: similarity.meta({ description: 'Similarity of the nearest of them.' }),
      }),
    )
    .meta({
      description:
        'Every label with a vote, most likely first. The confidences sum to at most 1; the rest is for something else.',
    }),
});

/** The answer to one look at a photo, from its nearest neighbours. */
export type BreedAnswer = z.output<typeof breedAnswerSchema>;
