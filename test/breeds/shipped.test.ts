import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { expect, it } from 'vitest';
import { loadCalibration } from '../../src/breeds/calibration.js';
import { PACKAGE_ROOT } from '../../src/config.js';
import { loadCard } from '../../src/encoder/model-card.js';

const models = path.join(PACKAGE_ROOT, 'models');

it('ships a calibration of the shipped encoder and of the vote in its card', async () => {
  const { card, fingerprint } = await loadCard(path.join(models, 'encoder.json'));
  const calibration = await loadCalibration(path.join(models, 'calibration.json'));
  // After a new encoder: scripts/evaluation/calibrate.mjs makes the calibration anew.
  expect(calibration).toMatchObject({ fingerprint, ...card.vote });
  expect(calibration!.thresholds.match).toBeGreaterThanOrEqual(0.5);
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
