/** Says that a photo is in the collection already: then its answer is no measure of anything. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { el } from '../dom.js';
import { humanise } from '../format.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';

/** From here on two pictures are one, at most saved another way. */
const SAME = 0.9995;
/** An item's id is the beginning of its content's sha256, in hex digits. */
const ID_DIGITS = 32;

/** The id that a photo would have as an item; null where the browser computes no digests: a page without TLS. */
async function idOf(photo: Blob): Promise<string | null> {
  // Browsers have it in secure contexts only, whatever its type says.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    return null;
  }
  // Nor can a file be read that was changed since.
  const bytes = await photo.arrayBuffer().catch(() => null);
  if (bytes === null) {
    return null;
  }
  const digest = new Uint8Array(await subtle.digest('SHA-256', bytes));
  return [...digest]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')
    .slice(0, ID_DIGITS);
}

/**
 * The neighbour that is this photo.
 *
 * @returns null where none is; `exact` tells the same file from the same picture
 */
async function findKnown(
  photo: Blob,
  { neighbours }: Identification,
): Promise<{ neighbour: Neighbour; exact: boolean } | null> {
  const close = neighbours.filter(({ similarity }) => similarity >= SAME);
  if (close.length === 0) {
    return null;
  }
  const id = await idOf(photo);
  const same = close.find((each) => each.id === id);
  return { neighbour: same ?? close[0]!, exact: same !== undefined };
}

/** The words for it; null where the photo is not known, or only a part of it was asked about. */
export async function knownNote(
  { photo, region, collection }: Entry,
  answer: Identification,
): Promise<HTMLElement | null> {
  const known = region === null ? await findKnown(photo, answer) : null;
  if (known === null) {
    return null;
  }
  const words = known.exact ? texts.answer.isKnown : texts.answer.isNearlyKnown;
  const said = words(humanise(known.neighbour.label), collection);
  return el('p', { class: 'advice known-photo' }, said);
}
