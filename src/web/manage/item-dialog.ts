/** One photo of a collection, enlarged, with everything known about it. */
import type { Item } from '../../client/wire.js';
import { button, el, icon, openDialog } from '../dom.js';
import { dateTime, fileSize, humanise } from '../format.js';
import { texts } from '../texts/texts.js';
import { hangPicture } from '../views/neighbour.js';

/** The picture of an item, or a drawing if it has none. @param alt what it shows; empty if the text beside it says so */
export function pictureOf(
  collection: string,
  { id, hasThumbnail }: Pick<Item, 'id' | 'hasThumbnail'>,
  alt = '',
) {
  const frame = el('span', { class: 'item-frame' }, icon('paw'));
  if (hasThumbnail) {
    void hangPicture(frame, collection, id, alt);
  }
  return frame;
}

/** The facts of an item, as terms and descriptions. */
function factsOf({ source, size, createdAt, metadata }: Item): HTMLElement {
  const t = texts.manage.item;
  const rows: [string, string][] = [
    [t.source, source ?? t.none],
    [t.size, fileSize(size)],
    [t.added, dateTime(createdAt)],
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
    { class: 'dialog item-dialog', 'aria-label': name },
    // Otherwise, the dialog opens scrolled to its end, where its first button is.
    el('h2', { dir: 'auto', tabindex: -1, autofocus: true }, name),
    pictureOf(collection, item, name),
    factsOf(item),
    el(
      'p',
      { class: 'actions' },
      button(texts.manage.item.close, 'plain', () => dialog.close()),
    ),
  );
}
