/** One neighbour, enlarged beside the photo that was asked about, from where it can be searched with. */
import type { Neighbour } from '../../engine/engine.js';
import { searchById, thumbnailUrl } from '../api.js';
import { button, el, icon, openDialog } from '../dom.js';
import { humanise, similarity, webAddress } from '../format.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';

/** Number of results of a search with a neighbour. */
const LISTED = 12;

/** The file name of an item's source. */
export const fileName = (source: string) => source.split(/[\\/]/).findLast(Boolean) ?? source;

/** The source of an item, as a link if it is a URL. @param text shown in its place */
export function sourceLine(source: string | null, text = source ?? ''): HTMLElement {
  const address = source === null ? null : webAddress(source);
  if (address === null) {
    return el('bdi', { class: 'source', title: source ?? false }, text);
  }
  const { href } = address;
  return el('a', { class: 'source', title: href, href, rel: 'noreferrer noopener', target: '_blank' }, text);
}

/**
 * Shows an item's picture when it arrives; without one, the drawing stays.
 *
 * @param alt what it shows; empty if the text beside it says so
 */
export async function hangPicture(
  frame: HTMLElement,
  collection: string,
  id: string,
  alt = '',
): Promise<void> {
  try {
    const url = await thumbnailUrl(collection, id);
    const picture = el('img', { alt, src: url });
    const done = () => URL.revokeObjectURL(url);
    picture.addEventListener('error', done);
    picture.addEventListener('load', () => {
      done();
      frame.replaceChildren(picture);
    });
  } catch (error) {
    // For example, deleted in the meantime.
    if (!(error instanceof Problem)) {
      throw error;
    }
  }
}

/** The picture of a neighbour, enlarged by a click. */
export function pictureButton(neighbour: Neighbour, collection: string, open: () => void): HTMLElement {
  const { id, label, similarity: value, hasThumbnail } = neighbour;
  const words = texts.neighbours.large(humanise(label), similarity(value));
  const frame = el('button', { type: 'button', class: 'frame', 'aria-label': words }, icon('paw'));
  frame.addEventListener('click', open);
  if (hasThumbnail) {
    void hangPicture(frame, collection, id);
  }
  return frame;
}

export function pictureOf(collection: string, { id, hasThumbnail }: Pick<Neighbour, 'id' | 'hasThumbnail'>) {
  const frame = el('div', { class: 'frame' }, icon('paw'));
  if (hasThumbnail) {
    void hangPicture(frame, collection, id);
  }
  return frame;
}

/** The photos similar to a neighbour, each of which can be searched with. */
async function similar(
  collection: string,
  id: string,
  open: (next: Neighbour) => void,
): Promise<HTMLElement> {
  try {
    const found = await searchById(collection, id, LISTED);
    const items = found.map((each) => {
      const node = el(
        'button',
        { type: 'button', class: 'similar-item' },
        pictureOf(collection, each),
        el('bdi', {}, humanise(each.label)),
        el('span', { class: 'value' }, similarity(each.similarity)),
      );
      node.addEventListener('click', () => open(each));
      return el('li', {}, node);
    });
    return el(
      'div',
      {},
      el('h3', {}, texts.neighbours.similarToThis),
      el('ul', { class: 'similar' }, ...items),
    );
  } catch (error) {
    if (!(error instanceof Problem)) {
      throw error;
    }
    return el('p', { class: 'trouble', role: 'alert' }, `${error.title} ${error.hint ?? ''}`);
  }
}

/**
 * Opens the dialog for a neighbour.
 *
 * @param photo URL of the photo that was asked about; null if this browser cannot show it
 * @param marks the buttons "more like this" and "not like this", which close the dialog
 */
export function openNeighbour(
  neighbour: Neighbour,
  collection: string,
  photo: string | null,
  marks: (shown: Neighbour, close: () => void) => HTMLElement,
): void {
  const dialog = openDialog({ class: 'dialog beside', 'aria-labelledby': 'beside-title' });
  const show = (shown: Neighbour, isFirst: boolean) => {
    const { id, label, source } = shown;
    const value = similarity(shown.similarity);
    const more = el('div', {});
    const search = button(texts.neighbours.searchOn, 'primary', () => {
      search.setAttribute('aria-busy', 'true');
      void similar(collection, id, (next) => show(next, false)).then((list) => {
        search.removeAttribute('aria-busy');
        more.replaceChildren(list);
      });
    });
    dialog.replaceChildren(
      el('h2', { id: 'beside-title', tabindex: -1 }, el('bdi', {}, humanise(label))),
      el(
        'div',
        { class: 'beside-pictures' },
        ...(photo !== null && isFirst ? [el('img', { src: photo, alt: texts.yourPhoto })] : []),
        pictureOf(collection, shown),
      ),
      el('p', {}, isFirst ? texts.neighbours.similarityIs(value) : texts.neighbours.toTheOneBefore(value)),
      el('p', {}, sourceLine(source)),
      el(
        'p',
        { class: 'actions' },
        search,
        marks(shown, () => dialog.close()),
        button(texts.close, 'plain', () => dialog.close()),
      ),
      more,
    );
    dialog.querySelector('h2')?.focus();
  };
  show(neighbour, true);
}
