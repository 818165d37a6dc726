/** Photos that resemble pictures of no pet. */
import { expect, it } from 'vitest';
import { parseCalibration, predictPet } from '../../src/breeds/calibration.js';
import { type AnsweredQuery, fitCalibration } from '../../src/breeds/fit-calibration.js';
import { identifyBreed } from '../../src/breeds/identify-breed.js';
import { measureNonPetSimilarity } from '../../src/breeds/non-pets.js';
import { createRandom } from '../../src/math/random.js';

const unit = (angle: number) => Float32Array.of(Math.cos(angle), Math.sin(angle));

it('measures the nearest other picture, and can leave out a subject', () => {
  const photos = { vectors: [unit(0), unit(0.5), unit(1)], groups: [0, 0, 1] };
  expect(measureNonPetSimilarity(unit(0.7), photos)).toBeCloseTo(Math.cos(0.2), 5);
  expect(measureNonPetSimilarity(unit(0.7), photos, 0)).toBeCloseTo(Math.cos(0.3), 5);
  // The picture itself says nothing of others.
  expect(measureNonPetSimilarity(unit(0.5), photos)).toBeCloseTo(Math.cos(0.5), 5);
  expect(measureNonPetSimilarity(unit(0.5), { vectors: [], groups: [] })).toBe(-1);
});

const random = createRandom(3);

/** Ten neighbours of about one similarity; what is no pet is as near as a pet, and nearer to a picture of no pet. */
function draw(label: string, similarity: number, nonPetSimilarity: number): AnsweredQuery {
  const jitter = () => (random() - 0.5) * 0.1;
  const neighbours = Array.from({ length: 10 }, (_, i) => ({
    label: label === 'pug' || i % 2 === 0 ? 'pug' : 'boxer',
    similarity: similarity + jitter(),
  }));
  return { label, neighbours, nonPetSimilarity: nonPetSimilarity + jitter() };
}

const many = (make: () => AnsweredQuery) => Array.from({ length: 300 }, make);
const data = {
  fingerprint: 'model-a',
  k: 10,
  temperature: 0.1,
  queries: many(() => draw('pug', 0.6, 0.3)),
  labelsHeldOut: many(() => draw('unseen', 0.4, 0.3)),
  nonPets: many(() => draw('chair', 0.6, 0.7)),
};

it('makes an answer unknown that resembles them, however near the collection is', () => {
  const calibration = parseCalibration(JSON.parse(JSON.stringify(fitCalibration(data))));
  const decide = ({ neighbours, nonPetSimilarity }: AnsweredQuery) =>
    identifyBreed(neighbours, { temperature: 0.1, calibration }, nonPetSimilarity);
  const unknown = many(() => draw('chair', 0.6, 0.7)).filter((query) => decide(query).decision === 'unknown');
  expect(unknown.length).toBeGreaterThan(270);
  const matched = many(() => draw('pug', 0.6, 0.3)).filter((query) => decide(query).decision === 'match');
  expect(matched.length).toBeGreaterThan(270);

  // The neighbours alone cannot tell them apart.
  const { nonPetSimilarity, ...chair } = draw('chair', 0.6, 0.7);
  expect(predictPet({ ...chair, nonPetSimilarity: nonPetSimilarity! }, calibration)).toBeLessThan(0.1);
  expect(predictPet({ ...chair, nonPetSimilarity: 0.3 }, calibration)).toBeGreaterThan(0.9);
});

it('is neither used nor fitted without the pictures', () => {
  const calibration = fitCalibration(data)!;
  const { neighbours } = draw('pug', 0.6, 0.3);
  expect(identifyBreed(neighbours, { temperature: 0.1, calibration })).toMatchObject({ basis: 'vote' });

  const without = (of: AnsweredQuery[]) => of.map(({ nonPetSimilarity: _, ...query }) => query);
  const plain = fitCalibration({
    ...data,
    queries: without(data.queries),
    labelsHeldOut: without(data.labelsHeldOut),
    nonPets: without(data.nonPets),
  })!;
  expect(plain.pet).toBeUndefined();
  expect(identifyBreed(neighbours, { temperature: 0.1, calibration: plain }).basis).toBe('calibration');
});
