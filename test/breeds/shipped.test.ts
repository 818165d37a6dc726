import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { loadCalibration } from '../../src/breeds/calibration.js';
import { loadSimilarityStatistics } from '../../src/breeds/similarity-statistics.js';
import { PACKAGE_ROOT } from '../../src/config.js';
import { loadCard } from '../../src/encoder/model-card.js';
import { readGallerySet } from '../../src/engine/load-gallery.js';
import { takeSubset } from '../../src/evaluation/embed-set.js';
import { predictLabel } from '../../src/evaluation/outcomes.js';
import { runQueries } from '../../src/evaluation/run-queries.js';

const models = path.join(PACKAGE_ROOT, 'models');

it('ships a calibration of the shipped encoder and of the vote in its card', async () => {
  const { card, fingerprint } = await loadCard(path.join(models, 'encoder.json'));
  const calibration = await loadCalibration(path.join(models, 'calibration.json'));
  // After a new encoder: scripts/evaluation/calibrate.mjs makes the calibration anew.
  expect(calibration).toMatchObject({ fingerprint, ...card.vote });
  expect(calibration!.thresholds.match).toBeGreaterThanOrEqual(0.5);
});

it('rarely calls a black, white or grey cat of no breed a Bombay, Turkish Angora or Russian Blue', async () => {
  const { card, fingerprint } = await loadCard(path.join(models, 'encoder.json'));
  const gallery = await readGallerySet(path.join(models, 'gallery.parquet'), {
    name: card.name,
    fingerprint,
    dimension: card.output.dimension,
    resize: { size: card.input.size, ...card.input.resize },
  });
  const calibration = (await loadCalibration(path.join(models, 'calibration.json')))!;
  const rows = parse<{ file: string }>(await readFile(path.join(models, 'relabelled.csv')), {
    columns: true,
  });
  const relabelled = new Set(rows.map(({ file }) => file));
  const queries = takeSubset(gallery, ({ file }) => relabelled.has(file.slice(file.indexOf('images/'))));
  expect(queries.items.length).toBeGreaterThan(100);
  const outcomes = runQueries({
    gallery,
    queries,
    k: calibration.k,
    answering: { temperature: calibration.temperature, calibration },
    leaveOneOut: true,
    references: (await loadSimilarityStatistics(path.join(models, 'similarity.json'), fingerprint))!.nonPets,
  });
  const misread = outcomes.filter(
    (outcome) => outcome.answer.decision === 'match' && predictLabel(outcome) !== 'domestic_cat',
  );
  expect(misread.length).toBeLessThan(0.12 * outcomes.length);
});

it('reads nothing without a file, and refuses what is not a calibration', async () => {
  expect(await loadCalibration(path.join(models, 'nothing.json'))).toBeNull();
  await expect(loadCalibration(path.join(models, 'encoder.json'))).rejects.toMatchObject({
    code: 'calibration_invalid',
  });
});

it('the pages have the figures of the model card (if not: node scripts/docs/measured.mjs)', () => {
  const script = path.join(PACKAGE_ROOT, 'scripts/docs/measured.mjs');
  expect(() => execFileSync(process.execPath, [script, '--check'], { stdio: 'pipe' })).not.toThrow();
});
