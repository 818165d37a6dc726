import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';

const root = fileURLToPath(new URL('.', import.meta.url));
const src = path.join(root, 'src') + path.sep;
const web = path.join(src, 'web') + path.sep;

/**
 * Resolves imports of `../src/x.js` to the compiled `dist/x.js`, loaded by Node itself. So the tests run the code that
 * ships, and worker threads find their modules. The browser's sources are tested without a build.
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

// Settings in the developer's environment must not affect the tests.
for (const name of Object.keys(process.env)) {
  if (name.startsWith('PAWDEX_')) {
    delete process.env[name];
  }
}

export default defineConfig({
  plugins: [testTheBuild()],
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/helpers/equal-arrays.ts', 'test/helpers/problems.ts'],
    // Native modules (ONNX Runtime, SQLite, hnswlib) must not be loaded into several threads of one process, so each test
    // file runs in its own process.
    pool: 'forks',
    // At least three: many tests wait for a browser or for processes that they have started.
    maxWorkers: Math.max(3, availableParallelism() - 1),
    // Catches hanging tests, not slow ones: tests must pass on a busy machine.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 20_000,
    // Polling may take as long as any other step.
    expect: { poll: { timeout: 60_000 } },
    server: { deps: { external: [/\/dist\//] } },
  },
});
