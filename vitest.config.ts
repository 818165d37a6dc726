import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const src = path.join(root, 'src') + path.sep;
const web = path.join(src, 'web') + path.sep;

/**
 * Tests import `../src/x.js` and get the compiled `dist/x.js`, loaded by Node itself: what is tested is what
 * ships, and worker threads find their modules beside them. The browser's sources are tested as they are.
 */
function testTheBuild(): Plugin {
  return {
    name: 'test-the-build',
    enforce: 'pre',
    resolveId(source, importer) {
      if (importer === undefined || !source.startsWith('.')) {
        return null;
      }
      const file = path.resolve(path.dirname(importer), source);
      if (!file.startsWith(src) || file.startsWith(web)) {
        return null;
      }
      const built = path.join(root, 'dist', file.slice(src.length));
      if (!existsSync(built)) {
        throw new Error(`${built} is missing: run \`npm run build\` first.`);
      }
      return built;
    },
  };
}

// The settings of whoever runs the tests must not reach them.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('PAWDEX_')) {
    delete process.env[name];
  }
}

export default defineConfig({
  plugins: [testTheBuild()],
  test: {
    include: ['test/**/*.test.ts'],
    // Native modules (ONNX Runtime, SQLite, hnswlib) are loaded once per process, never into several threads
    // of one: each test file has a process of its own.
    pool: 'forks',
    // Two at least: many tests wait for processes that they have started.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Against hanging, not slowness: a machine that is busy otherwise must not fail a test.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    // What is polled for may take as long as any other step.
    expect: { poll: { timeout: 60_000 } },
    server: { deps: { external: [/\/dist\//] } },
  },
});
