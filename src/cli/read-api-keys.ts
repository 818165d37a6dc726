/** Reads the API keys of a server from the environment or from a file, neither of which other users can see. */
import { readFile } from 'node:fs/promises';
import type { Config } from '../config.js';
import { PawdexError } from '../errors.js';

/**
 * Reads the keys of `API_KEYS` and those in the file `API_KEYS_FILE`, one per line. Empty lines and lines that start with
 * `#` are ignored.
 *
 * @throws PawdexError config_invalid if the file cannot be read or contains no key, since the server would then ask for
 *   none
 */
export async function readApiKeys({
  API_KEYS,
  API_KEYS_FILE: file,
}: Pick<Config, 'API_KEYS' | 'API_KEYS_FILE'>): Promise<string[]> {
  if (file === '') {
    return API_KEYS;
  }
  const text = await readFile(file, 'utf8').catch((error: Error) => {
    throw new PawdexError('config_invalid', {
      detail: `PAWDEX_API_KEYS_FILE cannot be read: ${error.message}.`,
      hint: 'Check that the file exists and that the user who runs the server may read it.',
      cause: error,
    });
  });
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0) {
    throw new PawdexError('config_invalid', {
      detail: `PAWDEX_API_KEYS_FILE contains no key: ${file}.`,
      hint: 'Write one key per line, for example with `openssl rand -hex 32`.',
    });
  }
  return [...API_KEYS, ...keys];
}
