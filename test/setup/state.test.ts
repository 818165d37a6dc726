import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeOrphans } from '../../scripts/setup/build.mjs';
import {
  explainCompileFailure,
  explainInstallFailure,
  findNodeHeaders,
  hasMatchingHeaders,
  makeInstallEnv,
  stampInstall,
} from '../../scripts/setup/install.mjs';
import {
  buildStampFile,
  checkInstall,
  computeBuildStamp,
  findSimd,
  isBuildFresh,
  isNodeTooOld,
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
  ['refuses', '18.20.0'],
  ['refuses', '20.18.3'],
  ['accepts', '20.19.0'],
  ['accepts', '20.20.2'],
  ['accepts', '22.0.0'],
  ['accepts', '100.1.0'],
])('%s Node %s', (verdict, version) => {
  expect(isNodeTooOld(version)).toBe(verdict === 'refuses');
});

it('compiles for AVX2 only if FMA is also available', () => {
  expect(findSimd('processor: 0\nflags\t\t: fpu avx2 bmi1 fma\n')).toBe('avx2');
  expect(findSimd('flags : avx2 bmi1\n')).toBe('plain');
  expect(findSimd('Features : asimd\n')).toBe('plain');
  expect(findSimd('')).toBe('plain');
});

describe('the environment of npm ci', () => {
  const bin = path.dirname(process.execPath);

  it('keeps the CUDA download off, names compiler flags and puts this Node first', () => {
    expect(makeInstallEnv({ PATH: 'x' }, 'avx2', '/usr')).toEqual({
      PATH: `${bin}${path.delimiter}x`,
      ONNXRUNTIME_NODE_INSTALL: 'skip',
      CXXFLAGS: '-O3 -mavx2 -mfma',
      npm_config_nodedir: '/usr',
    });
    expect(makeInstallEnv({}, 'plain', null)).toMatchObject({ CXXFLAGS: '-O3', npm_config_nodedir: '' });
  });

  it("leaves the user's own settings alone", () => {
    const own = { ONNXRUNTIME_NODE_INSTALL: 'cuda12', CXXFLAGS: '-O1' };
    expect(makeInstallEnv(own, 'avx2', '/usr')).toMatchObject(own);
  });

  const headers = (version: string) => {
    const [major, minor, patch] = version.split('.');
    return `#define NODE_MAJOR_VERSION ${major}\n#define NODE_MINOR_VERSION ${minor}\n#define NODE_PATCH_VERSION ${patch}\n`;
  };

  it('uses headers from an npmrc only if they match the running Node', async () => {
    await write('own/include/node/node_version.h', headers(process.versions.node));
    await write('other/include/node/node_version.h', headers('18.0.0'));
    const [own, other] = [path.join(root, 'own'), path.join(root, 'other')];
    expect([own, other, root].map(hasMatchingHeaders)).toEqual([true, false, false]);
    // npm passes the settings of an npmrc on to its scripts like this.
    expect(makeInstallEnv({ npm_config_nodedir: own }, 'plain', '/usr').npm_config_nodedir).toBe(own);
    expect(makeInstallEnv({ npm_config_nodedir: other }, 'plain', '/usr').npm_config_nodedir).toBe('/usr');
    expect(makeInstallEnv({ NPM_CONFIG_NODEDIR: other }, 'plain', null)).toMatchObject({
      npm_config_nodedir: '',
    });
    expect(makeInstallEnv({ NPM_CONFIG_NODEDIR: other }, 'plain', null)).not.toHaveProperty(
      'NPM_CONFIG_NODEDIR',
    );
  });

  it('finds headers only of the running version', () => {
    const found = findNodeHeaders();
    if (found !== null) {
      expect(hasMatchingHeaders(found)).toBe(true);
    }
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

  it('is stale if it is missing or from another lock file', async () => {
    expect(checkInstall(root, machine)).toBe('stale');
    await write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry('0.9.0') } });
    expect(checkInstall(root, machine)).toBe('stale');
  });

  it('by npm itself is accepted, without optional packages', async () => {
    await write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry('1.0.0') } });
    expect(checkInstall(root, machine)).toBe('unstamped');
    stampInstall(root, machine);
    expect(checkInstall(root, machine)).toBe('fresh');
  });

  it('is stale after the lock file changed, or for another Node or processor', async () => {
    await write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry('1.0.0') } });
    stampInstall(root, machine);
    expect(checkInstall(root, { ...machine, abi: '127' })).toBe('stale');
    expect(checkInstall(root, { ...machine, arch: 'arm64' })).toBe('stale');
    expect(checkInstall(root, { ...machine, simd: 'plain' })).toBe('stale');
    stampInstall(root, { ...machine, simd: 'plain' });
    expect(checkInstall(root, machine)).toBe('fresh');
    await write('package-lock.json', lock('1.1.0'));
    expect(checkInstall(root, machine)).toBe('stale');
  });

  it('of any Node works if all modules are Node-API', async () => {
    await write('node_modules/.package-lock.json', { packages: { 'node_modules/a': entry('1.0.0') } });
    stampInstall(root, machine);
    expect(checkInstall(root, { ...machine, abi: 'node-api' })).toBe('fresh');
    stampInstall(root, { ...machine, abi: 'node-api' });
    expect(checkInstall(root, machine)).toBe('stale');
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
    await write('dist/.pawdex-build.json', computeBuildStamp(root));
  });

  it('is fresh until a source is changed, added or removed', async () => {
    expect(buildStampFile(root)).toBe(path.join(root, 'dist/.pawdex-build.json'));
    expect(isBuildFresh(root)).toBe(true);
    await write('src/web/index.html', '<p>!');
    expect(isBuildFresh(root)).toBe(false);
    await write('src/web/index.html', '<p>');
    expect(isBuildFresh(root)).toBe(true);
    await write('src/new.ts', '');
    expect(isBuildFresh(root)).toBe(false);
    await rm(path.join(root, 'src/new.ts'));
    await rm(path.join(root, 'dist/cli/main.js'));
    expect(isBuildFresh(root)).toBe(false);
  });

  it('loses files whose source is gone', async () => {
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
  ['npm error code EUSAGE\nnpm error `npm ci` can only install', /does not match package\.json/],
  ['npm error code EACCES', /no permission to write/],
  ['npm error code ENOSPC', /disk is full/],
  ['something else', /message is above/],
])('says why an installation failed: %s', (said, meaning) => {
  expect(explainInstallFailure(said)).toMatch(meaning);
});

it.each([
  ['gyp ERR! stack Error: not found: make', /no C\+\+ compiler or no make/],
  ['make: g++: No such file or directory\n/bin/sh: 1: g++: not found', /no C\+\+ compiler/],
  ['gyp ERR! find Python Python is not set from command line', /Python 3 is missing/],
  [
    'gyp ERR! stack FetchError: request to https://nodejs.org failed, reason: ENOTFOUND',
    /headers of Node\.js .* are missing/,
  ],
  ['g++: fatal error: cannot write: No space left on device', /disk is full/],
  ['addon.cc:12: error: expected', /message is above/],
])('says why a compilation failed: %s', (said, meaning) => {
  expect(explainCompileFailure(said)).toMatch(meaning);
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'ends the program that it runs before it ends by %s itself',
  async (signal) => {
    const module = new URL('../../scripts/setup/install.mjs', import.meta.url).href;
    const child = "console.log('child', process.pid); setInterval(() => {}, 1000)";
    const setUp = `const { runVisibly } = await import('${module}');
      await runVisibly(process.execPath, ['-e', ${JSON.stringify(child)}], {});`;
    const running = spawn(process.execPath, ['--input-type=module', '-e', setUp], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const [said] = await once(running.stderr, 'data');
    const pid = Number(/child (\d+)/.exec(String(said))![1]);
    running.kill(signal);
    expect(await once(running, 'exit')).toEqual([null, signal]);
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  },
);
