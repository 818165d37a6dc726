/** Pairs of nearly identical photos, side by side, to keep or delete. */
import type { DuplicatePage } from '../../client/wire.js';
import { button, el, fill, removeRow, writeInto } from '../dom.js';
import { formatCount, formatFileSize, formatLabel, formatNumber, formatSimilarity } from '../format.js';
import { attempt } from '../hint.js';
import { texts } from '../texts/texts.js';
import { itemPicture } from '../views/item-picture.js';
import { CollectionPage } from './collection-page.js';
import { deleteWithUndo } from './delete-with-undo.js';
import { getCollection, listDuplicates } from './manage-calls.js';
import { commitPendingChange } from './undo.js';

type Pair = DuplicatePage['pairs'][number];

/** Pairs shown at a time. */
const SHOWN = 20;
/** Similarities from which two photos count as the same picture, the loosest last. */
const THRESHOLDS = [0.99, 0.95, 0.9];

/** The page at `#/collections/NAME/duplicates`. */
export class DuplicatesPage extends CollectionPage {
  readonly #status = el('p', { role: 'status' });
  readonly #list = el('ul.pairs');
  readonly #more = el('p.actions');
  readonly #threshold = el('select', { id: 'threshold', onchange: () => void this.#look() });
  /** Pairs that were found but are not shown yet, the most similar first. */
  #waiting: Pair[] = [];
  #found = 0;
  /** Items deleted on this page, which drop out of other pairs. */
  readonly #deleted = new Set<string>();
  #turn = 0;

  constructor(name: string) {
    super(name, 'duplicates');
  }

  async open(): Promise<void> {
    const t = texts.manage.duplicates;
    await this.showState();
    const options = THRESHOLDS.map((value) =>
      el('option', { value, selected: value === 0.95 }, t.thresholds[value]!),
    );
    this.#threshold.append(...options);
    this.element.append(
      el('p', t.about),
      el('p.filter', el('label', { for: 'threshold' }, t.threshold), this.#threshold),
      this.#status,
      this.#list,
      this.#more,
    );
    void this.#look();
  }

  async #look(): Promise<void> {
    await attempt(() => this.#search(), writeInto(this.#status));
  }

  /** Searches the whole collection page by page, and shows pairs as they are found. */
  async #search(): Promise<void> {
    const t = texts.manage.duplicates;
    commitPendingChange();
    const turn = ++this.#turn;
    this.#waiting = [];
    this.#found = 0;
    fill(this.#list);
    fill(this.#more);
    const { count: items } = await getCollection(this.name);
    let scanned = 0;
    for (let cursor: string | null = null; ; ) {
      this.#status.textContent = t.searching(formatNumber(scanned), formatNumber(items));
      const page: DuplicatePage = await listDuplicates(this.name, Number(this.#threshold.value), cursor);
      if (turn !== this.#turn || this.left.signal.aborted) {
        return;
      }
      scanned += page.scanned;
      this.#found += page.pairs.length;
      this.#waiting.push(...page.pairs);
      this.#waiting.sort((x, y) => y.similarity - x.similarity);
      this.#showMore(false);
      if (page.next === null) {
        break;
      }
      cursor = page.next;
    }
    this.#status.textContent = this.#found === 0 ? t.none(formatNumber(scanned)) : t.found(this.#found);
  }

  /** Fills the list up to a screen of pairs, or by one pair. */
  #showMore(byOneMore: boolean): void {
    const length = byOneMore
      ? this.#list.children.length + SHOWN
      : Math.max(SHOWN, this.#list.children.length);
    while (this.#list.children.length < length && this.#waiting.length > 0) {
      const pair = this.#waiting.shift()!;
      if (!this.#deleted.has(pair.a.id) && !this.#deleted.has(pair.b.id)) {
        this.#list.append(this.#pairRow(pair));
      }
    }
    const rest = this.#waiting.length;
    const next = button(texts.manage.duplicates.more(rest), 'plain', () => this.#showMore(true));
    fill(this.#more, rest > 0 && next);
  }

  #pairRow({ a, b, similarity: alike }: Pair): HTMLLIElement {
    const t = texts.manage.duplicates;
    const row = el('li.pair.surface.compact');
    const keep = button(t.keepBoth, 'plain', () => this.#dismiss(row));
    row.append(
      el(
        'p.small',
        texts.neighbours.similarityIs(formatSimilarity(alike)),
        a.label === b.label ? null : [' ', el('strong', t.otherLabels)],
      ),
      el('div.two', this.#side(a, row), this.#side(b, row)),
      el('p.actions', keep),
    );
    return row;
  }

  #side(item: Pair['a'], row: HTMLLIElement): HTMLElement {
    const t = texts.manage.duplicates;
    const source = item.source ?? item.id;
    const remove = button(t.delete, 'plain.writes', () => this.#delete(item, row));
    remove.setAttribute('aria-label', `${t.delete}: ${source}`);
    return el(
      'figure',
      itemPicture('span.item-frame', this.name, item, formatLabel(item.label)),
      el(
        'figcaption',
        el('bdi', formatLabel(item.label)),
        el('small', el('bdi', source)),
        el('small', formatFileSize(item.size)),
      ),
      remove,
    );
  }

  #dismiss(row: HTMLLIElement): void {
    removeRow(row);
    this.#showMore(false);
  }

  /** Hides the pair, and deletes the photo when the time to undo is over. */
  #delete({ id, source }: Pair['a'], row: HTMLLIElement): void {
    this.#deleted.add(id);
    const after = row.nextElementSibling;
    this.#dismiss(row);
    const putBack = () => {
      this.#deleted.delete(id);
      this.#list.insertBefore(row, after?.isConnected ? after : null);
    };
    const message = texts.manage.duplicates.deleted(source ?? formatCount(1, 'photo'));
    deleteWithUndo(this.name, [id], message, { putBack });
  }
}
