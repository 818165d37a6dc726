import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadCard } from '../../src/encoder/model-card.js';
import { writeModel } from '../../src/onnx/onnx-model.js';
import { mobileNet } from '../training/autodiff/helpers.js';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;

/** Another's encoder: float NCHW, to be scaled outside. */
beforeAll(async () => {
  sandbox = await Sandbox.create();
  await sandbox.photos('pets', 12);
  await writeFile(path.join(sandbox.root, 'pets', 'odd', 'broken.png'), 'no picture');
  const bytes = writeModel(mobileNet());
  await mkdir(path.join(sandbox.root, 'float'));
  await writeFile(path.join(sandbox.root, 'float', 'theirs.onnx'), bytes);
  const card = {
    formatVersion: 1,
    name: 'theirs',
    description: 'a small network',
    file: 'theirs.onnx',
    sha256: createHash('sha256').update(bytes).digest('hex'),
    input: {
      name: 'x',
      type: 'float32',
      layout: 'NCHW',
      size: 24,
      resize: { fit: 'cover', kernel: 'linear' },
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
    },
    output: { name: 'y', dimension: 6 },
    metric: 'cosine',
    licence: 'MIT',
    vote: { k: 5, temperature: 0.1 },
    training: { data: 'unknown' },
    quality: { top1: 0.5 },
  };
  await writeFile(path.join(sandbox.root, 'float', 'card.json'), JSON.stringify(card));
});

afterAll(() => sandbox.remove());

describe('pawdex quantise', () => {
  const args = ['quantise', '--model', 'float/card.json', '--data', 'pets', '--photos', '100'];

  it('writes an int8 encoder that embeds what the float encoder does, and its card', async () => {
    const { code, stdout, stderr } = await sandbox.run([...args, '--out', 'int8', '--json']);
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('Skipped odd/broken.png');
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ photos: 12, convolutions: 7 });
    expect(told.agreement.mean).toBeGreaterThan(0.99);
    const { card, fingerprint } = await loadCard(path.join(sandbox.root, 'int8', 'encoder.json'));
    expect(fingerprint).toBe(told.fingerprint);
    expect(card).toMatchObject({
      name: 'theirs',
      licence: 'MIT',
      vote: { k: 5, temperature: 0.1 },
      input: { name: 'pixels', type: 'uint8', size: 24, resize: { kernel: 'linear' } },
      training: { data: 'unknown' },
      quality: { float: { top1: 0.5 } },
    });
    const photo = path.join('pets', 'even', '0000.png');
    const embed = async (model: string) =>
      JSON.parse((await sandbox.run(['embed', '--model', model, photo])).stdout).embedding as number[];
    const [a, b] = [await embed('float/card.json'), await embed('int8/encoder.json')];
    expect(a.reduce((sum, value, i) => sum + value * b[i]!, 0)).toBeGreaterThan(0.98);
  });

  it('refuses to replace the float encoder, and to quantise twice', async () => {
    const before = await readFile(path.join(sandbox.root, 'float', 'theirs.onnx'));
    expect(await sandbox.run([...args, '--out', 'float'])).toMatchObject({ code: 2 });
    expect(await readFile(path.join(sandbox.root, 'float', 'theirs.onnx'))).toEqual(before);
    const again = await sandbox.run([
      'quantise',
      '--model',
      'int8/encoder.json',
      '--data',
      'pets',
      '--out',
      'again',
    ]);
    expect(again).toMatchObject({ code: 5, stderr: expect.stringContaining('already quantised') });
  });

  it('refuses encoders in forms that it cannot write, with what to do', async () => {
    const card = JSON.parse(await readFile(path.join(sandbox.root, 'float', 'card.json'), 'utf8'));
    const forms = [
      { input: { ...card.input, layout: 'NHWC' } },
      { input: { ...card.input, batch: 1 } },
      { output: { ...card.output, pooling: 'map' } },
    ];
    for (const form of forms) {
      await writeFile(path.join(sandbox.root, 'float', 'other.json'), JSON.stringify({ ...card, ...form }));
      const refused = await sandbox.run([
        ...['quantise', '--model', 'float/other.json', '--data', 'pets', '--photos', '1'],
        ...['--out', 'other'],
      ]);
      expect(refused).toMatchObject({ code: 5, stderr: expect.stringContaining('Export it as float32') });
    }
  });
});
