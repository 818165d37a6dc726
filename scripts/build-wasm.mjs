/** Compiles src/wasm/*.wat to dist/wasm/*.wasm. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import createWabt from 'wabt';

const root = fileURLToPath(new URL('..', import.meta.url));
const from = path.join(root, 'src', 'wasm');
const to = path.join(root, 'dist', 'wasm');

const wabt = await createWabt();
mkdirSync(to, { recursive: true });
for (const file of readdirSync(from).filter((name) => name.endsWith('.wat'))) {
  const module = wabt.parseWat(file, readFileSync(path.join(from, file), 'utf8'), { simd: true });
  module.validate();
  const { buffer } = module.toBinary({});
  module.destroy();
  writeFileSync(path.join(to, file.replace(/\.wat$/, '.wasm')), buffer);
}
