/** Notes that a photo is already in the collection, in which case its answer proves nothing. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { el } from '../dom.js';
import { humanise } from '../format.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';

/** Similarity from which two photos are the same picture, saved in different ways. */
const SAME = 0.9995;
/** An item's id is the start of its content's SHA-256, in hex digits. */
const ID_DIGITS = 32;

/** The id that a photo would have as an item; null where the browser computes no hashes, as on a page without TLS. */
async function idOf(photo: Blob): Promise<string | null> {
  // Browsers have it only in secure contexts, despite its type.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    return null;
  }
  // A file that was changed in the meantime cannot be read, either.
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
 * @returns null if there is none; `exact` distinguishes the same file from the same picture
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

/** The note; null if the photo is not known, or if the question was about a part of it. */
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
