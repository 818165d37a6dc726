import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { expect, it } from 'vitest';

it.each([
  ['cat', 'test/fixtures/chelsea/chelsea.png'],
  ['dog', 'test/fixtures/german-shepherd/german-shepherd.jpg'],
])(
  'offers the photo of a %s that tests and documentation use, small enough for a slow connection',
  async (animal, original) => {
    const offered = await readFile(`src/web/example-${animal}.jpg`);
    expect(offered.length).toBeLessThan(30_000);
    expect((await readFile(`src/web/example-${animal}-thumb.webp`)).length).toBeLessThan(4_000);
    const [a, b] = await Promise.all(
      [offered, await readFile(original)].map((bytes) =>
        sharp(bytes).resize(64, 64, { fit: 'fill' }).removeAlpha().raw().toBuffer(),
      ),
    );
    const differences = Array.from(a!, (value, i) => Math.abs(value - b![i]!));
    expect(differences.reduce((sum, each) => sum + each, 0) / differences.length).toBeLessThan(6);
  },
);
