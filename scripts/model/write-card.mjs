#!/usr/bin/env node
/**
 * Writes the model card beside an encoder.
 *
 *   node scripts/model/write-card.mjs --model models/encoder.onnx --facts facts.json [--out models/encoder.json]
 *
 * `facts.json` holds name, description, licence, vote {k, temperature}, training and quality; sizes, names and
 * the digest are read from the model itself. `--kernel` must be what pixels.mjs decoded with.
 */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { loadCard } from '../../dist/encoder/card.js';

const { values } = parseArgs({
  options: {
    model: { type: 'string' },
    facts: { type: 'string' },
    out: { type: 'string', default: 'models/encoder.json' },
    kernel: { type: 'string', default: 'cubic' },
  },
});
if (!values.model || !values.facts) {
  console.error(
    'usage: node scripts/model/write-card.mjs --model FILE.onnx --facts facts.json [--out FILE.json]',
  );
  process.exit(2);
}
const facts = JSON.parse(await readFile(values.facts, 'utf8'));
const bytes = await readFile(values.model);
const session = await ort.InferenceSession.create(values.model, { executionProviders: ['cpu'] });
const [input] = session.inputMetadata;
const [output] = session.outputMetadata;
const card = {
  formatVersion: 1,
  name: facts.name,
  description: facts.description,
  file: path.basename(values.model),
  sha256: createHash('sha256').update(bytes).digest('hex'),
  input: {
    name: input.name,
    type: 'uint8',
    layout: 'NHWC',
    size: input.shape[1],
    resize: { fit: 'cover', kernel: values.kernel },
  },
  output: { name: output.name, dimension: output.shape[1] },
  metric: 'cosine',
  licence: facts.licence,
  vote: facts.vote,
  training: facts.training,
  quality: facts.quality,
};
await session.release();
await writeFile(values.out, `${JSON.stringify(card, null, 2)}\n`);
const { fingerprint } = await loadCard(values.out);
console.log(JSON.stringify({ out: values.out, sha256: card.sha256, fingerprint }));
