/** One neighbour, enlarged beside the photo that was asked about, from where it can be searched with. */
import type { Neighbour } from '../../engine/engine.js';
import { search } from '../api.js';
import { button, el, errorAlert, fill, icon, openDialog } from '../dom.js';
import { formatLabel, formatSimilarity, parseWebAddress } from '../format.js';
import { attempt } from '../hint.js';
import { texts } from '../texts/texts.js';
import { itemPicture, loadPictureInto } from './item-picture.js';

/** Number of results of a search with a neighbour. */
const LISTED = 12;

export const getFileName = (source: string) => source.split(/[\\/]/).findLast(Boolean) ?? source;

/** The source of an item, as a link if it is a URL. @param text shown in its place */
export function sourceLine(source: string | null, text = source ?? ''): HTMLElement {
  const address = source === null ? null : parseWebAddress(source);
  if (address === null) {
    return el('bdi.source', { title: source ?? false }, text);
  }
  const { href } = address;
  return el('a.source', { title: href, href, rel: 'noreferrer noopener', target: '_blank' }, text);
}

/** The picture of a neighbour, enlarged by a click. */
export function pictureButton(neighbour: Neighbour, collection: string, open: () => void): HTMLElement {
  const name = texts.neighbours.large(formatLabel(neighbour.label), formatSimilarity(neighbour.similarity));
  const frame = el('button.frame', { 'aria-label': name, onclick: open }, icon('paw'));
  return loadPictureInto(frame, collection, neighbour);
}

/** The photos similar to a neighbour, each of which can be searched with. */
async function similarList(
  collection: string,
  id: string,
  open: (next: Neighbour) => void,
): Promise<HTMLElement> {
  const results = await search({ collection, id, k: LISTED });
  const items = results.map((result) =>
    el(
      'li',
      el(
        'button.similar-item',
        { onclick: () => open(result) },
        itemPicture('div.frame', collection, result),
        el('bdi', formatLabel(result.label)),
        el('span.value', formatSimilarity(result.similarity)),
      ),
    ),
  );
  return el('div', el('h3', texts.neighbours.similar), el('ul.similar', items));
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
  const dialog = openDialog({ class: 'beside', 'aria-labelledby': 'beside-title' });
  const show = (shown: Neighbour, isFirst: boolean) => {
    const { id, label, source } = shown;
    const value = formatSimilarity(shown.similarity);
    const more = el('div');
    const findSimilar = button(texts.neighbours.findSimilar, 'primary', async () => {
      findSimilar.setAttribute('aria-busy', 'true');
      await attempt(
        async () => fill(more, await similarList(collection, id, (next) => show(next, false))),
        (message) => fill(more, errorAlert(message)),
      );
      findSimilar.removeAttribute('aria-busy');
    });
    fill(
      dialog,
      el('h2', { id: 'beside-title', tabindex: -1 }, el('bdi', formatLabel(label))),
      el(
        'div.beside-pictures',
        photo !== null && isFirst && el('img', { src: photo, alt: texts.yourPhoto }),
        itemPicture('div.frame', collection, shown),
      ),
      el('p', isFirst ? texts.neighbours.similarityIs(value) : texts.neighbours.similarityToPrevious(value)),
      el('p', sourceLine(source)),
      el(
        'p.actions',
        findSimilar,
        marks(shown, () => dialog.close()),
        button(texts.close, 'plain', () => dialog.close()),
      ),
      more,
    );
    dialog.querySelector('h2')?.focus();
  };
  show(neighbour, true);
}
