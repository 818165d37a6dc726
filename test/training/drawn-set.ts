/** A small labelled set of drawn pictures that a network can learn to tell apart. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { TrainingPhoto } from '../../src/training/run/training-set.js';

/** Draws `perLabel` pictures of each label, stripes of a label's direction and width in random colours. */
export async function drawSet(folder: string, labels: number, perLabel: number): Promise<TrainingPhoto[]> {
  const photos: TrainingPhoto[] = [];
  for (let label = 0; label < labels; label++) {
    const name = `label-${label}`;
    await mkdir(path.join(folder, name), { recursive: true });
    for (let n = 0; n < perLabel; n++) {
      const file = path.join(folder, name, `${n}.png`);
      await writeFile(file, await stripes(label, labels, n));
      photos.push({ file, label: name });
    }
  }
  return photos;
}

function stripes(label: number, labels: number, n: number): Promise<Buffer> {
  const [width, height] = [44, 40];
  const angle = (Math.PI * label) / labels;
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const wave = Math.sin((x * Math.cos(angle) + y * Math.sin(angle)) / 2 + n);
      for (let c = 0; c < 3; c++) {
        data[(y * width + x) * 3 + c] = 128 + 100 * wave * Math.cos(n + c);
      }
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
