/** The photos of a collection: its labels, a filter, and a grid to browse, relabel and delete. */
import type { CollectionInfo, Item, LabelList } from '../../client/wire.js';
import type { Filter } from '../../store/store.js';
import { listLabels } from '../api.js';
import { el, fill } from '../dom.js';
import { formatCount, formatLabel, formatNumber } from '../format.js';
import { attempt, showHint } from '../hint.js';
import { language, texts } from '../texts/texts.js';
import { AddPhotos } from './add-photos.js';
import { CollectionPage } from './collection-page.js';
import { deleteWithUndo } from './delete-with-undo.js';
import { parseFilter } from './filter-text.js';
import { openItem } from './item-dialog.js';
import { ItemGrid } from './item-grid.js';
import { listAllItems, relabel } from './manage-calls.js';
import { SelectionBar } from './selection-bar.js';
import { commitPendingChange, offerUndo } from './undo.js';

/** Milliseconds without typing before the filter is applied. */
const TYPING_MS = 300;

/** The page at `#/collections/NAME`. */
export class PhotosPage extends CollectionPage {
  readonly #adding: AddPhotos;
  readonly #labels = el('nav.label-list', { 'aria-label': texts.manage.labels.title });
  readonly #bar = new SelectionBar({
    relabel: (label) => void attempt(async () => this.#relabel(await this.#items(), label)),
    remove: () => void attempt(async () => this.#delete(await this.#items())),
    open: () => openItem(this.name, this.#chosen[0]!),
    chooseNone: () => {
      this.#grid?.chooseAll(false);
      this.#grid?.focus();
    },
  });
  readonly #filterStatus = el('p.small', { role: 'status' });
  readonly #gridPlace = el('div');
  readonly #known = el('datalist', { id: 'known-labels' });
  #grid: ItemGrid | null = null;
  #label: string | null = null;
  #typed: Filter = {};
  #typing = 0;

  constructor(name: string) {
    super(name, 'photos');
    this.#adding = new AddPhotos(name, () => void attempt(() => this.#refresh()));
  }

  async open(): Promise<void> {
    await this.showState();
    this.element.append(
      this.#adding.element,
      this.#known,
      el(
        'div.browse',
        this.#labels,
        el('div', this.#filterBox(), this.#filterStatus, this.#bar.element, this.#gridPlace),
      ),
    );
    this.#show(this.#label);
  }

  override close(): Promise<void> | undefined {
    super.close();
    clearTimeout(this.#typing);
    this.#adding.close();
    return this.#grid?.close();
  }

  protected override async showState(): Promise<CollectionInfo> {
    const [info, labels] = await Promise.all([super.showState(), listLabels(this.name)]);
    this.#adding.advise(info.count === 0);
    this.#showLabels(labels);
    this.element.classList.toggle('is-empty', info.count === 0);
    return info;
  }

  async #refresh(): Promise<void> {
    await this.showState();
    this.#show(this.#label);
  }

  #showLabels(labels: LabelList['labels']): void {
    const total = labels.reduce((sum, { count: items }) => sum + items, 0);
    const named = labels
      .flatMap(({ label, count: items }) => (label === null ? [] : [{ label, items }]))
      .toSorted((a, b) => formatLabel(a.label).localeCompare(formatLabel(b.label), language));
    fill(
      this.#known,
      named.map(({ label }) => el('option', { value: label })),
    );
    const rows = named.map(({ label, items }) => this.#labelRow(formatLabel(label), label, items));
    fill(this.#labels, el('ul', this.#labelRow(texts.manage.labels.all, null, total), rows));
  }

  #labelRow(name: string, label: string | null, items: number): HTMLLIElement {
    return el(
      'li',
      el(
        'button',
        {
          'aria-pressed': String(label === this.#label),
          'data-label': label ?? '',
          onclick: () => this.#show(label),
        },
        el('bdi', name),
        el('span.value', formatNumber(items)),
      ),
    );
  }

  #filterBox(): HTMLElement {
    const t = texts.manage.filter;
    const oninput = () => {
      clearTimeout(this.#typing);
      this.#typing = window.setTimeout(() => {
        this.#typed = parseFilter(field.value);
        this.#show(this.#label);
      }, TYPING_MS);
    };
    const field = el('input', {
      id: 'filter',
      type: 'search',
      autocomplete: 'off',
      spellcheck: 'false',
      dir: 'auto',
      oninput,
    });
    return el('p.filter', el('label', { for: 'filter' }, t.label), field, el('span.small', t.help));
  }

  #show(label: string | null): void {
    this.#label = label;
    void this.#grid?.close();
    const filter: Filter = { ...this.#typed, ...(label === null ? {} : { label: [label] }) };
    this.#filterStatus.textContent = '';
    this.#grid = new ItemGrid(this.name, filter, {
      onChosen: () => this.#showSelection(),
      onOpen: (item) => openItem(this.name, item),
      onDelete: () => this.#delete(this.#chosen),
      onLoaded: (size, isAll) => {
        const isFiltered = Object.keys(this.#typed).length > 0;
        this.#filterStatus.textContent = isFiltered
          ? texts.manage.filter.found(formatCount(size, 'photo'), isAll)
          : '';
      },
    });
    fill(this.#gridPlace, this.#grid.element);
    this.#showSelection();
    for (const node of this.#labels.querySelectorAll('button')) {
      node.setAttribute('aria-pressed', String(node.dataset.label === (label ?? '')));
    }
  }

  get #chosen(): Item[] {
    return this.#grid?.chosen ?? [];
  }

  #showSelection(): void {
    this.#bar.show(this.#chosen.length, this.#label);
  }

  /** The selected photos, or else all of the label. */
  async #items(): Promise<readonly Item[]> {
    const filter: Filter = this.#label === null ? {} : { ...this.#typed, label: [this.#label] };
    return this.#chosen.length === 0 ? listAllItems(this.name, filter) : this.#chosen;
  }

  async #relabel(items: readonly Item[], label: string): Promise<void> {
    commitPendingChange();
    const change = async (labels: { id: string; label: string | null }[]) => {
      const changed = await relabel(this.name, labels);
      for (const each of labels) {
        this.#grid?.setLabel(each.id, each.label);
      }
      this.#grid?.chooseAll(false);
      await this.showState();
      return changed;
    };
    const before = items.map(({ id, label: old }) => ({ id, label: old }));
    const changed = await change(items.map(({ id }) => ({ id, label })));
    if (changed === 0 && items.length > 0) {
      // Deleted in the meantime, for example in another tab.
      showHint(texts.manage.undo.gone);
      this.#show(this.#label);
      return;
    }
    const undo = () => void attempt(() => change(before));
    const focusBack = () => this.#grid?.focus();
    offerUndo(texts.manage.undo.relabelled(changed, formatLabel(label)), undo, undefined, focusBack);
  }

  /** Hides them, and deletes them when the time to undo is over. */
  #delete(items: readonly Item[]): void {
    const ids = items.map(({ id }) => id);
    const grid = this.#grid!;
    deleteWithUndo(this.name, ids, texts.manage.undo.deleted(ids.length), {
      putBack: grid.remove(ids),
      onDeleted: () => void attempt(() => this.showState()),
      focusBack: () => this.#grid?.focus(),
    });
  }
}
