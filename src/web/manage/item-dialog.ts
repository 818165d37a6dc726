/** One photo of a collection, large, with all that is known of it. */
import type { Item } from '../../client/wire.js';
import { thumbnailUrl } from '../api.js';
import { button, el, icon } from '../dom.js';
import { fileSize, humanise } from '../format.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { openDialog } from './collection-header.js';

/** The picture of an item; where it has none, a drawing. @param alt what it shows; empty where words beside it say so */
export function pictureOf(
  collection: string,
  { id, hasThumbnail }: Pick<Item, 'id' | 'hasThumbnail'>,
  alt = '',
) {
  const frame = el('span', { class: 'item-frame' }, icon('paw'));
  if (!hasThumbnail) {
    return frame;
  }
  thumbnailUrl(collection, id).then(
    (url) => {
      const picture = el('img', { alt, src: url });
      picture.addEventListener('load', () => URL.revokeObjectURL(url));
      frame.replaceChildren(picture);
    },
    (error: unknown) => {
      // It may have been deleted since: the drawing stays.
      if (!(error instanceof Problem)) {
        throw error;
      }
    },
  );
  return frame;
}

/** The facts of an item, as terms and descriptions. */
function factsOf({ source, size, createdAt, metadata }: Item): HTMLElement {
  const t = texts.manage.item;
  const rows: [string, string][] = [
    [t.source, source ?? t.none],
    [t.size, fileSize(size)],
    [t.added, new Date(createdAt).toLocaleString()],
    ...Object.entries(metadata).map(([key, value]): [string, string] => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ];
  return el(
    'dl',
    { class: 'facts' },
    ...rows.flatMap(([term, text]) => [el('dt', { dir: 'auto' }, term), el('dd', { dir: 'auto' }, text)]),
  );
}

/** Shows an item. */
export function openItem(collection: string, item: Item): void {
  const name = humanise(item.label);
  const dialog = openDialog(
    name,
    el('h2', { dir: 'auto' }, name),
    pictureOf(collection, item, name),
    factsOf(item),
    el(
      'p',
      { class: 'actions' },
      button(texts.manage.item.close, 'plain', () => dialog.close()),
    ),
  );
  dialog.classList.add('item-dialog');
}
