/** Reads the command lines of scripts. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** The root of the checkout. */
export const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Marks an option that must be given. */
export const REQUIRED = Symbol('required');

function toOption(value) {
  if (typeof value === 'boolean') {
    return { type: 'boolean', default: value };
  }
  const isText = typeof value === 'string';
  return { type: 'string', multiple: Array.isArray(value), ...(isText && { default: value }) };
}

/**
 * Parses the command line. `--help` prints the usage and exits; so does a mistake, with code 2.
 *
 * @param spec each option with its default: text, `false` for a flag, `null` for undefined, `[]` for one that may be
 *   repeated; or `REQUIRED`, or `[REQUIRED]`
 * @param positionals the least and the largest number of other arguments
 */
export function parseOptions(usage, spec, [least, most] = [0, 0]) {
  const names = Object.keys(spec);
  const options = Object.fromEntries(names.map((name) => [name, toOption(spec[name])]));
  try {
    const { values, positionals } = parseArgs({
      options: { ...options, help: { type: 'boolean' } },
      allowPositionals: true,
    });
    if (values.help) {
      console.log(usage);
      process.exit(0);
    }
    const missing = names.find(
      (name) => [spec[name]].flat().includes(REQUIRED) && values[name] === undefined,
    );
    if (missing !== undefined) {
      throw new Error(`--${missing} is missing.`);
    }
    if (positionals.length < least || positionals.length > most) {
      throw new Error(`${positionals.length} arguments beside the options.`);
    }
    const lists = names.filter((name) => Array.isArray(spec[name])).map((name) => [name, []]);
    return { values: { ...Object.fromEntries(lists), ...values }, positionals };
  } catch (error) {
    console.error(`${error.message}\n${usage}`);
    process.exit(2);
  }
}

/** Resolves a path relative to the checkout. */
export const fromRoot = (file) => path.resolve(ROOT, file);
