/**
 * The compiled modules of pawdex: which version this Node can run, and why one does not load. The command line, the worker
 * threads, the set-up and `pawdex doctor` all use this file, so that they name the same cause and remedy.
 */
import { createRequire } from 'node:module';
import { PawdexError } from './errors.js';

const require = createRequire(import.meta.url);

/**
 * The SQLite binding for this Node. better-sqlite3 13 needs version 10 of Node-API (Node 22.14) and ends older
 * processes with a segmentation fault. Version 12 aborts Node 24.19 and newer. So both are installed.
 */
export const SQLITE_MODULE = Number(process.versions.napi) >= 10 ? 'better-sqlite3' : 'better-sqlite3-12';

/** Required modules. hnswlib-node is optional: without it, searches are exact. */
export const REQUIRED_MODULES = [SQLITE_MODULE, 'sharp', 'onnxruntime-node'] as const;

/** Loads a CommonJS module together with its compiled part. @throws what Node throws when it cannot be loaded */
export function loadNativeModule(name: string): unknown {
  const loaded = require(name);
  // better-sqlite3 12 loads its compiled part only when a database is opened.
  if (name === SQLITE_MODULE) {
    new loaded(':memory:').close();
  }
  return loaded;
}

const COMPILER = 'It needs a C++ compiler, make and Python 3.';

/** How to recognise each cause from the error message. */
const CAUSES: readonly { pattern: RegExp; explain: (name: string) => { detail: string; hint: string } }[] = [
  {
    pattern: /compiled against a different Node\.js version|Module did not self-register/,
    explain: (name) => ({
      detail: `The module ${name} was compiled for another version of Node.js than this one, ${process.versions.node}.`,
      hint: `Run \`npm rebuild ${name}\` with this Node.js. If it persists, npm compiles with the wrong headers: see \`npm config get nodedir\`.`,
    }),
  },
  {
    pattern:
      /invalid ELF header|wrong ELF class|incompatible architecture|not a mach-o file|not a valid Win32/i,
    explain: (name) => ({
      detail: `The module ${name} was installed for another platform than ${process.platform} ${process.arch}.`,
      hint: 'Delete node_modules and run `npm ci` on this machine.',
    }),
  },
  {
    pattern: /version `[^']+' not found|Error loading shared library|cannot open shared object file/,
    explain: (name) => ({
      detail: `The module ${name} needs a system library that this machine lacks or has in an older version.`,
      hint: 'Use a newer Linux distribution with glibc, or the Docker image.',
    }),
  },
  {
    pattern: /Could not locate the bindings file/,
    explain: (name) => ({
      detail: `The module ${name} is installed but was not compiled.`,
      hint: `Run \`npm rebuild ${name} --ignore-scripts=false\`. ${COMPILER}`,
    }),
  },
  {
    pattern: /Could not load the "sharp" module|Cannot find (?:module|package)/,
    explain: (name) => ({
      detail: `The module ${name} is not installed, or only in part.`,
      hint: 'Run `npm ci --include=optional` in the folder of pawdex.',
    }),
  },
];

/** Finds the package that an error is about: either named in it, or the owner of the file that could not be loaded. */
function findModuleName(message: string): string | undefined {
  if (message.includes('Could not load the "sharp" module')) {
    return 'sharp';
  }
  const file = /.*node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/'"]+)[\\/]/.exec(
    message.split(' imported from ')[0]!,
  );
  return file?.[1] ?? /Cannot find (?:module|package) '([^'./][^']*)'/.exec(message)?.[1];
}

/** What the system says if a process has too many open files. Modules that cannot be opened then are not damaged. */
const OPEN_FILES = /\bE[MN]FILE\b|Too many open files/i;

/** Converts an error to a coded one with cause and remedy if a module could not be loaded; otherwise returns null. */
export function loadFailureError(error: unknown): PawdexError | null {
  if (!(error instanceof Error)) {
    return null;
  }
  if (OPEN_FILES.test(error.message)) {
    return new PawdexError('too_many_open_files', { retryAfter: 2, cause: error });
  }
  const cause = CAUSES.find(({ pattern }) => pattern.test(error.message));
  const name = cause && findModuleName(error.message);
  return name ? new PawdexError('native_module_failed', { ...cause.explain(name), cause: error }) : null;
}
