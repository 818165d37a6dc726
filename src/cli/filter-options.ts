/** The flags that select items of a collection, and those that change their metadata. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Filter, Metadata } from '../store/store.js';

/** Values of the flags of {@link addFilterOptions}. */
export interface FilterFlags {
  label?: string[];
  species?: string[];
  where?: Metadata;
  text?: string;
}

const collect = (value: string, before: string[] = []) => [...before, value];

/** Parses `key=value`. Numbers, true and false become JSON values; quotes keep them text. */
function collectPair(text: string, before: Metadata = {}): Metadata {
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
export function addFilterOptions(made: Command): Command {
  return made
    .option('--label <label>', 'items with this label; may be repeated', collect)
    .option('--species <species>', 'items of this species; may be repeated', collect)
    .option(
      '--where <key=value>',
      'items with this in their metadata: tags=indoor, camera.model=X100, age=3, code="3"; repeat it to require several',
      collectPair,
    )
    .option('--text <text>', 'items that contain this text in label, source or metadata');
}

/** Adds a flag that sets keys of metadata. */
export function addMetadataOption(made: Command, flag: string, description: string): Command {
  return made.option(`${flag} <key=value>`, description, collectPair);
}

/** Builds the filter from the flags; null if none was given. */
export function readFilter({ label, species, where, text }: FilterFlags): Filter | null {
  if ([label, species, where, text].every((flag) => flag === undefined)) {
    return null;
  }
  return { label, species, metadata: where as Filter['metadata'], text };
}
