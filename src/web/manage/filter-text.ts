/** Parses the filter box: words that may be anywhere, and `key=value` for metadata. */
import type { Filter } from '../../store/store.js';

/** `key=value`, where either may be quoted; otherwise one word, or several in quotation marks. */
const TERM = /([^\s="]+)=("([^"]*)"|\S+)|"([^"]*)"|(\S+)/g;

/** `3` and `true` have their JSON types; `"3"` is text. */
function readValue(raw: string, quoted: string | undefined): string | number | boolean {
  if (quoted !== undefined) {
    return quoted;
  }
  if (raw === 'true' || raw === 'false') {
    return raw === 'true';
  }
  return /^-?\d+(\.\d+)?$/.test(raw) ? Number(raw) : raw;
}

/**
 * Parses the user's input as a filter. Words are searched for literally, as one phrase.
 *
 * @example
 * parseFilter('grey cat species=cat age=3') // { text: 'grey cat', metadata: { species: 'cat', age: 3 } }
 */
export function parseFilter(typed: string): Filter {
  const terms: string[] = [];
  const metadata: NonNullable<Filter['metadata']> = {};
  for (const [, key, raw, quotedValue, quoted, word] of typed.matchAll(TERM)) {
    if (key !== undefined) {
      metadata[key] = readValue(raw!, quotedValue);
    } else {
      terms.push(quoted ?? word ?? '');
    }
  }
  const text = terms.join(' ').trim().slice(0, 200);
  return {
    ...(text === '' ? {} : { text }),
    ...(Object.keys(metadata).length === 0 ? {} : { metadata }),
  };
}
