/** Reads labelled sets for scripts, which cannot go on with part of a set. */
import { scanLabelledSet } from '../../dist/datasets/labelled-set.js';
import { PawdexError } from '../../dist/errors.js';

/**
 * Reads the photos of a set, see `scanLabelledSet`.
 *
 * @throws PawdexError set_invalid also if a file or folder cannot be read
 */
export async function readLabelledSet(spec, options = {}) {
  const { photos, problems } = await scanLabelledSet(spec, options);
  const [problem] = problems;
  if (problem !== undefined) {
    throw new PawdexError('set_invalid', { detail: `${problem.file} in ${spec}: ${problem.detail}` });
  }
  return photos;
}
