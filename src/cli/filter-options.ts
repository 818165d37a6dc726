/** The flags that select items of a collection. */
import { type Command, InvalidArgumentError, type OptionValues } from '@commander-js/extra-typings';
import type { Filter, Metadata } from '../store/store.js';
import { collectValues } from './create-command.js';

/** Parses `key=value`. Numbers, true and false become JSON values; quotes keep them text. */
export function collectPair(text: string, before: Metadata = {}): Metadata {
  const at = text.indexOf('=');
  if (at < 1) {
    throw new InvalidArgumentError('It must look like key=value.');
  }
  return { ...before, [text.slice(0, at)]: parseValue(text.slice(at + 1)) };
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Adds the flags that choose items. */
export function addFilterOptions<A extends unknown[], O extends OptionValues, G extends OptionValues>(
  command: Command<A, O, G>,
) {
  return command
    .option('--label <label>', 'items with this label; may be repeated', collectValues)
    .option('--species <species>', 'items of this species; may be repeated', collectValues)
    .option(
      '--where <key=value>',
      'items whose metadata has this value, such as tags=indoor, camera.model=X100, age=3 or code="3"; if repeated, all must match',
      collectPair,
    )
    .option('--text <text>', 'items whose label, source or metadata contains this text');
}

/** The values of the flags of {@link addFilterOptions}. */
export interface FilterFlags {
  label?: string[];
  species?: string[];
  where?: Metadata;
  text?: string;
}

/** Builds the filter from the values of these flags; null if none was given. */
export function readFilter({ label, species, where, text }: FilterFlags): Filter | null {
  if ([label, species, where, text].every((flag) => flag === undefined)) {
    return null;
  }
  return { label, species, metadata: where as Filter['metadata'], text };
}
