import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';

interface Entry {
  optionalDependencies?: Record<string, string>;
  integrity?: string;
  resolved?: string;
}

const lock = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>;
};
const entries = Object.entries(lock.packages).filter(([place]) => place !== '');

// npm drops a package for another platform from the lock file when its registry lacks it at that moment; `npm ci`
// then refuses the lock file, on every platform.
it('locks the packages of every platform', () => {
  const names = new Set(entries.map(([place]) => place.slice(place.lastIndexOf('node_modules/') + 13)));
  const missing = Object.values(lock.packages)
    .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
    .filter((name) => !names.has(name));
  expect(missing).toEqual([]);
});

it('names content, but no registry', () => {
  expect(entries.filter(([, { integrity }]) => integrity === undefined).map(([place]) => place)).toEqual([]);
  expect(entries.filter(([, { resolved }]) => resolved !== undefined).map(([place]) => place)).toEqual([]);
});
