/** One collection: its state, its labels, and its photos to look through, relabel and delete. */
import type { Item } from '../../client/wire.js';
import { type Collection, type LabelCount, listCollections, listLabels } from '../api.js';
import { button, byId, el } from '../dom.js';
import { count, humanise } from '../format.js';
import { hint } from '../hint.js';
import { Problem } from '../problem.js';
import { addPhotosView } from './add-photos.js';
import { stateOf } from './collection-list.js';
import { ItemGrid } from './item-grid.js';
import { jobsView } from './jobs.js';
import { deleteItems, listAllItems, relabel } from './store-panel.js';
import { offerUndo, settle } from './toast.js';

const say = (problem: Problem) => hint(`${problem.title} ${problem.hint ?? ''}`);

/** Runs a change and shows what keeps it from being made. */
async function attempt(work: () => Promise<unknown>): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) {
      throw error;
    }
    say(error);
    return false;
  }
}

/** The page of a collection. */
class CollectionPage {
  readonly element = el('section', { class: 'manage', 'aria-labelledby': 'manage-title' });
  readonly #labels = el('nav', { class: 'label-list', 'aria-label': 'Labels' });
  readonly #bar = el('div', {
    class: 'selection',
    role: 'group',
    'aria-label': 'Chosen photos',
    hidden: true,
  });
  readonly #gridPlace = el('div', {});
  readonly #known = el('datalist', { id: 'known-labels' });
  #grid: ItemGrid | null = null;
  #label: string | null = null;

  /** Raised when the page is left. */
  readonly #left = new AbortController();
  readonly #state = el('p', { class: 'small', role: 'status' });

  constructor(private readonly name: string) {}

  /** @throws Problem collection_not_found */
  async #showState(): Promise<Collection> {
    const info = (await listCollections()).find(({ name }) => name === this.name);
    if (info === undefined) {
      throw new Problem('collection_not_found', 404);
    }
    this.#state.textContent =
      info.count === 0
        ? 'It is empty: add photos below.'
        : `${count(info.count, 'photo')}, ${stateOf(info)}.`;
    await this.#showLabels();
    return info;
  }

  async open(): Promise<void> {
    const info = await this.#showState();
    this.element.append(
      el('p', {}, el('a', { href: '#/collections' }, '← All collections')),
      el('h1', { id: 'manage-title', tabindex: -1 }, this.name),
      ...(info.description ? [el('p', { dir: 'auto' }, info.description)] : []),
      this.#state,
      addPhotosView(this.name, info.count === 0, () => void this.#refresh()),
      jobsView(this.name, this.#left.signal, () => void attempt(() => this.#showState())),
      this.#known,
      el('div', { class: 'browse' }, this.#labels, el('div', {}, this.#bar, this.#gridPlace)),
    );
    this.#show(this.#label);
  }

  close(): void {
    this.#left.abort();
    settle();
    this.#grid?.close();
  }

  async #refresh(): Promise<void> {
    await this.#showState();
    this.#show(this.#label);
  }

  async #showLabels(): Promise<void> {
    const labels = await listLabels(this.name);
    const total = labels.reduce((sum, { count: items }) => sum + items, 0);
    this.#known.replaceChildren(
      ...labels.flatMap(({ label }) => (label === null ? [] : [el('option', { value: label })])),
    );
    const named = labels
      .filter(({ label }) => label !== null)
      .toSorted((a, b) => humanise(a.label).localeCompare(humanise(b.label)));
    this.#labels.replaceChildren(
      el(
        'ul',
        {},
        this.#labelRow('All photos', { label: null, count: total }),
        ...named.map((each) => this.#labelRow(humanise(each.label), each)),
      ),
    );
  }

  #labelRow(name: string, { label, count: items }: LabelCount): HTMLLIElement {
    const node = el(
      'button',
      { type: 'button', 'aria-pressed': String(label === this.#label), 'data-label': label ?? '' },
      el('bdi', {}, name),
      el('span', { class: 'value' }, items.toLocaleString('en')),
    );
    node.addEventListener('click', () => this.#show(label));
    return el('li', {}, node);
  }

  #show(label: string | null): void {
    this.#label = label;
    this.#grid?.close();
    this.#grid = new ItemGrid(this.name, label, {
      onChosen: (chosen) => this.#choose(chosen),
      onProblem: say,
    });
    this.#gridPlace.replaceChildren(this.#grid.element);
    this.#choose([]);
    for (const node of this.#labels.querySelectorAll('button')) {
      node.setAttribute('aria-pressed', String(node.dataset.label === (label ?? '')));
    }
  }

  /** The bar above the grid: what can be done with the chosen photos, or with the whole label. */
  #choose(chosen: Item[]): void {
    const field = el('input', {
      list: 'known-labels',
      'aria-label': 'New label',
      placeholder: 'New label',
      autocomplete: 'off',
      dir: 'auto',
    });
    const label = this.#label;
    const isAll = chosen.length === 0 && label !== null;
    this.#bar.hidden = chosen.length === 0 && !isAll;
    const items = async () => (isAll ? listAllItems(this.name, label) : chosen);
    const give = async () => {
      const wanted = field.value.trim();
      if (wanted === '') {
        field.focus();
      } else {
        await attempt(async () => this.#relabel(await items(), wanted));
      }
    };
    field.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') {
        void give();
      }
    });
    this.#bar.replaceChildren(
      el('strong', {}, isAll ? `All of ${humanise(label)}` : `${count(chosen.length, 'photo')} chosen`),
      field,
      button(isAll ? 'Rename or merge' : 'Relabel', 'plain', () => void give()),
      button('Delete', 'plain', () => void attempt(async () => this.#delete(await items()))),
      ...(isAll ? [] : [button('Choose none', 'plain', () => this.#grid?.chooseAll(false))]),
    );
    byId('status', HTMLElement).textContent =
      chosen.length === 0 ? '' : `${count(chosen.length, 'photo')} chosen.`;
  }

  async #relabel(items: Item[], label: string): Promise<void> {
    settle();
    const grid = this.#grid;
    const change = async (labels: { id: string; label: string | null }[]) => {
      await relabel(this.name, labels);
      for (const each of labels) {
        grid?.setLabel(each.id, each.label);
      }
      this.#grid?.chooseAll(false);
      await this.#showLabels();
    };
    await change(items.map(({ id }) => ({ id, label })));
    const before = items.map(({ id, label: old }) => ({ id, label: old }));
    offerUndo(
      `${count(items.length, 'photo')} now ${items.length === 1 ? 'is' : 'are'} ${humanise(label)}.`,
      () => {
        void attempt(() => change(before));
      },
    );
  }

  /** Hides them, and deletes them when the time to take it back is over. */
  async #delete(items: Item[]): Promise<void> {
    const ids = items.map(({ id }) => id);
    const putBack = this.#grid?.remove(ids) ?? (() => {});
    const leave = () => void deleteItems(this.name, ids, true);
    addEventListener('pagehide', leave);
    const settled = () => removeEventListener('pagehide', leave);
    offerUndo(
      `${count(ids.length, 'photo')} deleted.`,
      () => {
        settled();
        putBack();
      },
      () => {
        settled();
        void attempt(() => deleteItems(this.name, ids)).then(async (isDone) => {
          if (!isDone) {
            putBack();
          }
          await attempt(() => this.#showLabels());
        });
      },
    );
  }
}

/** The view at `#/collections/NAME`. @throws Problem */
export async function collectionPageView(name: string): Promise<{ element: HTMLElement; close: () => void }> {
  const page = new CollectionPage(name);
  await page.open();
  return page;
}
