/**
 * Builds TypeScript and WebAssembly into dist/ and the web application into dist/web, and deletes output whose source is
 * gone.
 */
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runVisibly, SetupError } from './install.mjs';
import { buildStampFile, computeBuildStamp } from './state.mjs';

/** Builds everything and stamps the result. */
export async function build(root, say) {
  say('Building ...');
  // Taken before the compiler reads, so that an edit during the build makes the stamp stale.
  const stamp = computeBuildStamp(root);
  removeOrphans(root);
  const tsc = path.join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc');
  await step(root, [tsc, '-p', path.join(root, 'tsconfig.json')]);
  await step(root, [path.join(root, 'scripts', 'build-wasm.mjs')]);
  await step(root, [path.join(root, 'scripts', 'build-web.mjs')]);
  writeFileSync(buildStampFile(root), `${JSON.stringify(stamp)}\n`);
}

async function step(root, args) {
  const { code } = await runVisibly(process.execPath, args, { cwd: root });
  if (code !== 0) {
    throw new SetupError('The build failed; the compiler says why above.');
  }
}

/** Deletes compiled files whose source is gone. Imports would still find them. */
export function removeOrphans(root) {
  const dist = path.join(root, 'dist');
  if (!existsSync(dist)) {
    return;
  }
  for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
    const match = /^(.*)\.(js|js\.map|d\.ts|wasm)$/.exec(entry.name);
    const folder = path.relative(dist, entry.parentPath);
    if (!entry.isFile() || match === null || folder.split(path.sep)[0] === 'web') {
      continue;
    }
    if (existsSync(path.join(root, 'src', folder, `${match[1]}.${match[2] === 'wasm' ? 'wat' : 'ts'}`))) {
      continue;
    }
    rmSync(path.join(entry.parentPath, entry.name));
    // Without the incremental build file, the compiler writes everything again.
    rmSync(path.join(dist, '.tsbuildinfo'), { force: true });
  }
}
