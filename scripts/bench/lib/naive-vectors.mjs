/** Embeds a labelled set with the backbone for the index of the naive server. Cached between runs. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as ort from 'onnxruntime-node';
import { decode } from '../../../dist/image/decode.js';
import { readLabelledSet } from '../../lib/read-labelled-set.mjs';

const SIZE = 260;
const MEAN = 127;
const STD = 128;

async function digest(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) {
    hash.update(chunk);
  }
  return hash.digest('hex').slice(0, 16);
}

/** @returns paths of a float32 file [n, dimension] and of a JSON array of labels */
export async function loadNaiveVectors({ set, split, model, cache, log }) {
  const entries = await readLabelledSet(`${set}:${split}`);
  const base = path.join(cache, `vectors-${await digest(model)}-${entries.length}`);
  const files = { vectors: `${base}.f32`, labels: `${base}.json` };
  const session = await ort.InferenceSession.create(model);
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  const embed = async (file) => {
    const rule = { size: SIZE, fit: 'cover', kernel: 'lanczos3' };
    const pixels = await decode(await readFile(file), rule, { maxPixels: 1e8 });
    const x = new Float32Array(3 * SIZE * SIZE);
    for (let i = 0; i < SIZE * SIZE; i++) {
      for (let c = 0; c < 3; c++) {
        x[c * SIZE * SIZE + i] = (pixels[i * 3 + c] - MEAN) / STD;
      }
    }
    const feed = { [input]: new ort.Tensor('float32', x, [1, 3, SIZE, SIZE]) };
    const vector = (await session.run(feed))[output].data;
    const norm = Math.hypot(...vector);
    return vector.map((value) => value / norm);
  };
  const first = await embed(entries[0].file);
  const cached = await access(files.labels).then(
    () => true,
    () => false,
  );
  if (!cached) {
    log(`embedding ${entries.length} photos with the float backbone for the naive server (once)`);
    const all = new Float32Array(entries.length * first.length);
    for (let i = 0; i < entries.length; i++) {
      all.set(await embed(entries[i].file), i * first.length);
    }
    await writeFile(files.vectors, all);
    await writeFile(files.labels, JSON.stringify(entries.map((entry) => entry.label)));
  }
  await session.release();
  return { ...files, dimension: first.length };
}
