/** One photo of a collection, enlarged, with everything known about it. */
import type { Item } from '../../client/wire.js';
import { button, el, openDialog } from '../dom.js';
import { formatDateTime, formatFileSize, formatLabel } from '../format.js';
import { texts } from '../texts/texts.js';
import { itemPicture } from '../views/item-picture.js';

function factList({ source, size, createdAt, metadata }: Item): HTMLElement {
  const t = texts.manage.item;
  const rows: [string, string][] = [
    [t.source, source ?? t.none],
    [t.size, formatFileSize(size)],
    [t.added, formatDateTime(createdAt)],
    ...Object.entries(metadata).map(([key, value]): [string, string] => [
      key,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
  ];
  return el(
    'dl.item-facts',
    rows.flatMap(([term, text]) => [el('dt', { dir: 'auto' }, term), el('dd', { dir: 'auto' }, text)]),
  );
}

export function openItem(collection: string, item: Item): void {
  const name = formatLabel(item.label);
  const dialog = openDialog(
    { class: 'item-dialog', 'aria-label': name },
    // Otherwise, the dialog opens scrolled to its end, where its first button is.
    el('h2', { dir: 'auto', tabindex: -1, autofocus: true }, name),
    itemPicture('span.item-frame', collection, item, name),
    factList(item),
    el(
      'p.actions',
      button(texts.close, 'plain', () => dialog.close()),
    ),
  );
}
