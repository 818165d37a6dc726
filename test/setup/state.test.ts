import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeOrphans } from '../../scripts/setup/build.mjs';
import {
  explainInstallFailure,
  installEnv,
  nodeHeaders,
  stampInstall,
} from '../../scripts/setup/install.mjs';
import {
  buildIsFresh,
  buildStamp,
  buildStampFile,
  installState,
  nodeIsTooOld,
  simdOf,
} from '../../scripts/setup/state.mjs';

let root: string;
const machine = { abi: '115', platform: 'linux', arch: 'x64', simd: 'avx2' } as const;

async function write(name: string, content: unknown): Promise<void> {
  const file = path.join(root, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'pawdex-setup-'));
});
afterEach(() => rm(root, { recursive: true }));

it.each([
  ['18.20.0', true],
  ['20.18.3', true],
  ['20.19.0', false],
  ['20.20.2', false],
  ['22.0.0', false],
  ['100.1.0', false],
])('Node %s is too old: %s', (version, old) => {
  expect(nodeIsTooOld(version)).toBe(old);
});

it('compiles for AVX2 only where FMA is there too', () => {
  expect(simdOf('processor: 0\nflags\t\t: fpu avx2 bmi1 fma\n')).toBe('avx2');
  expect(simdOf('flags : avx2 bmi1\n')).toBe('plain');
  expect(simdOf('Features : asimd\n')).toBe('plain');
  expect(simdOf('')).toBe('plain');
});

describe('the environment of npm ci', () => {
  it('keeps the CUDA download off and names compiler flags', () => {
    expect(installEnv({ PATH: 'x' }, 'avx2', '/usr')).toEqual({
      PATH: 'x',
      ONNXRUNTIME_NODE_INSTALL: 'skip',
      CXXFLAGS: '-O3 -mavx2 -mfma',
      npm_config_nodedir: '/usr',
    });
    expect(installEnv({}, 'plain', null)).toEqual({ ONNXRUNTIME_NODE_INSTALL: 'skip', CXXFLAGS: '-O3' });
  });

  it("leaves the user's own settings alone", () => {
    const own = { ONNXRUNTIME_NODE_INSTALL: 'cuda12', CXXFLAGS: '-O1', npm_config_nodedir: '/mine' };
    expect(installEnv(own, 'avx2', '/usr')).toEqual(own);
  });

  it('finds headers only of the running version', () => {
    const headers = nodeHeaders();
    if (headers !== null) expect(process.execPath.startsWith(headers)).toBe(true);
  });
});

describe('the installation', () => {
  const entry = (version: string) => ({ version, integrity: `sha512-${version}` });
  const lock = (version: string) => ({
    packages: {
      '': {},
      'node_modules/a': entry(version),
      'node_modules/b': { ...entry('1'), optional: true },
    },
  });

  beforeEach(() => write('package-lock.json', lock('1.0.0')));

  it('is stale when there is none, or when it is of another lock file', async () => {
    expect(installState(root, machine)).toBe('stale');
    await write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry('0.9.0') } });
    expect(installState(root, machine)).toBe('stale');
  });

  it('made by npm itself is taken over, without what is optional', async () => {
    await write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry('1.0.0') } });
    expect(installState(root, machine)).toBe('unstamped');
    stampInstall(root, machine);
    expect(installState(root, machine)).toBe('fresh');
  });

  it('is stale after the lock file changed, or for another Node or processor', async () => {
    await write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry('1.0.0') } });
    stampInstall(root, machine);
    expect(installState(root, { ...machine, abi: '127' })).toBe('stale');
    expect(installState(root, { ...machine, arch: 'arm64' })).toBe('stale');
    expect(installState(root, { ...machine, simd: 'plain' })).toBe('stale');
    stampInstall(root, { ...machine, simd: 'plain' });
    expect(installState(root, machine)).toBe('fresh');
    await write('package-lock.json', lock('1.1.0'));
    expect(installState(root, machine)).toBe('stale');
  });
});

describe('the build', () => {
  beforeEach(async () => {
    await write('src/cli/main.ts', 'export {};');
    await write('src/web/index.html', '<p>');
    await write('tsconfig.json', '{}');
    await write('package-lock.json', '{}');
    await write('scripts/build-web.mjs', '');
    await write('dist/cli/main.js', '');
    await write('dist/.pawdex-build.json', buildStamp(root));
  });

  it('is fresh until a source changes, comes or goes', async () => {
    expect(buildStampFile(root)).toBe(path.join(root, 'dist/.pawdex-build.json'));
    expect(buildIsFresh(root)).toBe(true);
    await write('src/web/index.html', '<p>!');
    expect(buildIsFresh(root)).toBe(false);
    await write('src/web/index.html', '<p>');
    expect(buildIsFresh(root)).toBe(true);
    await write('src/new.ts', '');
    expect(buildIsFresh(root)).toBe(false);
    await rm(path.join(root, 'src/new.ts'));
    await rm(path.join(root, 'dist/cli/main.js'));
    expect(buildIsFresh(root)).toBe(false);
  });

  it('is cleared of files whose source is gone', async () => {
    const { existsSync } = await import('node:fs');
    await write('dist/old/gone.js', '');
    await write('dist/old/gone.d.ts', '');
    await write('dist/old/gone.wasm', '');
    await write('src/old/kept.wat', '');
    await write('dist/old/kept.wasm', '');
    await write('dist/web/main.js', '');
    await write('dist/.tsbuildinfo', '');
    removeOrphans(root);
    const there = (name: string) => existsSync(path.join(root, 'dist', name));
    expect(['old/gone.js', 'old/gone.d.ts', 'old/gone.wasm', '.tsbuildinfo'].filter(there)).toEqual([]);
    expect(['cli/main.js', 'web/main.js', 'old/kept.wasm'].filter(there)).toHaveLength(3);
  });
});

it.each([
  ['npm error code ENOTFOUND\nnpm error network request to ... failed', /registry could not be reached/],
  ['gyp ERR! stack Error: not found: make', /C\+\+ compiler/],
  ['npm error code EUSAGE\nnpm error `npm ci` can only install', /does not fit package\.json/],
  ['npm error code EACCES', /may not write/],
  ['npm error code ENOSPC', /disk is full/],
  ['something else', /message is above/],
])('explains %j', (said, meaning) => {
  expect(explainInstallFailure(said)).toMatch(meaning);
});
