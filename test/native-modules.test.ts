import { expect, it } from 'vitest';
import { loadFailureError, loadNativeModule, REQUIRED_MODULES } from '../src/native-modules.js';

it('loads the modules that pawdex needs in this Node', () => {
  for (const name of REQUIRED_MODULES) {
    expect(loadNativeModule(name)).toBeDefined();
  }
});

const root = '/srv/pawdex/node_modules';

it.each([
  [
    `Could not locate the bindings file. Tried:\n → ${root}/better-sqlite3-12/build/x.node`,
    'better-sqlite3-12',
    /not compiled/,
  ],
  [
    `The module '${root}/better-sqlite3-12/build/x.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 115.`,
    'better-sqlite3-12',
    /another version of Node/,
  ],
  [`Cannot find package 'sharp' imported from /srv/pawdex/dist/image/decode.js`, 'sharp', /not installed/],
  ['Could not load the "sharp" module using the linux-x64 runtime', 'sharp', /not installed/],
  [
    `Cannot find module '../bin/napi-v6/linux/x64/onnxruntime_binding.node'\nRequire stack:\n- ${root}/onnxruntime-node/dist/binding.js`,
    'onnxruntime-node',
    /not installed/,
  ],
  [`${root}/hnswlib-node/build/Release/addon.node: invalid ELF header`, 'hnswlib-node', /another platform/],
  [
    `/lib/libc.so.6: version \`GLIBC_2.38' not found (required by ${root}/onnxruntime-node/bin/libonnxruntime.so.1)`,
    'onnxruntime-node',
    /system library/,
  ],
])('says what is wrong with a module that does not load (case %#)', (message, name, meaning) => {
  const error = loadFailureError(new Error(message))!;
  expect(error.code).toBe('native_module_failed');
  expect(error.message).toContain(name);
  expect(error.message).toMatch(meaning);
});

it.each([
  `EMFILE: too many open files, open '${root}/onnxruntime-node/dist/index.js'`,
  `${root}/sharp/build/libvips.so: cannot open shared object file: Too many open files`,
])('does not blame the installation for too many open files (case %#)', (message) => {
  expect(loadFailureError(new Error(message))).toMatchObject({
    code: 'too_many_open_files',
    hint: expect.stringContaining('ulimit -n'),
  });
});

it('leaves other errors alone', () => {
  expect(loadFailureError(new Error("Cannot find module '/srv/pawdex/dist/cli/gone.js'"))).toBeNull();
  expect(loadFailureError(new Error('disk I/O error'))).toBeNull();
});
