/** Reads the command lines of scripts. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Parses the command line as `parseArgs` does. `--help` prints the usage and exits; so does a mistake, with code 2. */
export function parseOptions(usage, config) {
  try {
    const parsed = parseArgs({ ...config, options: { help: { type: 'boolean' }, ...config.options } });
    if (parsed.values.help) {
      console.log(usage);
      process.exit(0);
    }
    return parsed;
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

/**
 * Parses the command line as its usage line says, such as `x.mjs SET... --out FILE [--cache DIR] [--vote LABEL]... [--json]`:
 * whatever is not in brackets is required, and `...` follows what may be repeated. A mistake prints it and exits.
 */
export function readOptions(usage, defaults = {}) {
  const options = {};
  const required = [];
  for (const [, start, name, value, more] of usage.matchAll(
    /([[|] ?)?--([a-z]+)(?: ([^\s\]]+))?\]?(\.{3})?/g,
  )) {
    options[name] =
      value === undefined
        ? { type: 'boolean' }
        : { type: 'string', multiple: more !== undefined, default: defaults[name] };
    if (start === undefined) {
      required.push(name);
    }
  }
  const { values, positionals } = parseOptions(usage, { options, allowPositionals: true });
  const named = /\.mjs ((?:(?!\[?--)\S+ ?)*)/
    .exec(usage)[1]
    .split(' ')
    .filter((word) => word !== '');
  const isCounted = named.at(-1)?.endsWith('...')
    ? positionals.length >= named.length
    : positionals.length === named.length;
  if (!isCounted || required.some((name) => values[name] === undefined)) {
    console.error(usage);
    process.exit(2);
  }
  return { values, positionals };
}

/** Parses options with default values: strings, or booleans. Adds `--json`. */
export function options(usage, spec) {
  const { values } = parseOptions(usage, {
    options: Object.fromEntries(
      Object.entries({ json: false, ...spec }).map(([name, value]) => [
        name,
        { type: typeof value === 'boolean' ? 'boolean' : 'string', default: value },
      ]),
    ),
  });
  return values;
}

/** Resolves a path relative to the checkout. */
export const fromRoot = (file) => path.resolve(ROOT, file);
