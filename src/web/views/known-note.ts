/** Notes that a photo is already in the collection, in which case its answer proves nothing. */
import { RESAVED_PICTURE } from '../../breeds/same-picture.js';
import type { Identification, Neighbour } from '../../engine/engine.js';
import { el } from '../dom.js';
import { formatLabel } from '../format.js';
import { hashFile } from '../photo.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';

/** An item's id is the start of its content's SHA-256, in hex digits. */
const ID_DIGITS = 32;

/**
 * The neighbour that is this photo.
 *
 * @returns null if there is none; `exact` distinguishes the same file from the same picture
 */
async function findSamePhoto(
  photo: Blob,
  { neighbours }: Identification,
): Promise<{ neighbour: Neighbour; exact: boolean } | null> {
  const close = neighbours.filter(({ similarity }) => similarity >= RESAVED_PICTURE);
  if (close.length === 0) {
    return null;
  }
  // A file that was changed in the meantime cannot be read.
  const hash = await hashFile(photo).catch(() => null);
  const same = close.find(({ id }) => id === hash?.slice(0, ID_DIGITS));
  return { neighbour: same ?? close[0]!, exact: same !== undefined };
}

/** The note; null if the photo is not known, or if the question was about a part of it. */
export async function knownNote(
  { photo, region, collection }: Entry,
  answer: Identification,
): Promise<HTMLElement | null> {
  const known = region === null ? await findSamePhoto(photo, answer) : null;
  if (known === null) {
    return null;
  }
  const describe = known.exact ? texts.answer.isKnown : texts.answer.isNearlyKnown;
  return el('p.advice', describe(formatLabel(known.neighbour.label), collection));
}
