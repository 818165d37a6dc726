/** The pictures of items, which replace a drawing when they arrive. */
import { fetchThumbnailUrl, getThumbnailPath, hasApiKey } from '../api.js';
import { el, icon } from '../dom.js';
import { replaceProblem } from '../problem.js';

/** An item that may have a picture. */
export interface Pictured {
  id: string;
  hasThumbnail: boolean;
}

async function load(frame: HTMLElement, collection: string, id: string, alt: string): Promise<void> {
  // Where no key is needed, the browser loads and keeps it like any picture.
  const url = hasApiKey()
    ? await fetchThumbnailUrl(collection, id).catch(replaceProblem(null))
    : getThumbnailPath(collection, id);
  if (url !== null) {
    const release = () => URL.revokeObjectURL(url);
    const onload = () => {
      release();
      frame.replaceChildren(picture);
    };
    const picture = el('img', { alt, src: url, decoding: 'async', onload, onerror: release });
  }
}

/**
 * Shows an item's picture in a frame when it arrives; without one, the drawing stays.
 *
 * @param alt what it shows; empty if the text beside it says so
 */
export function loadPictureInto<T extends HTMLElement>(
  frame: T,
  collection: string,
  { id, hasThumbnail }: Pictured,
  alt = '',
): T {
  if (hasThumbnail) {
    void load(frame, collection, id, alt);
  }
  return frame;
}

/** A frame with an item's picture. @param selector of the frame */
export const itemPicture = (
  selector: 'div.frame' | 'span.item-frame',
  collection: string,
  item: Pictured,
  alt?: string,
) => loadPictureInto(el(selector, icon('paw')), collection, item, alt);
