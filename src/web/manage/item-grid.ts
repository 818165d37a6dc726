/**
 * Items of a collection as a grid to choose from. Pages are fetched as the end comes near, pictures when they come into
 * view. Each page is a grid of its own that the browser leaves out while it is out of sight (`content-visibility`), so that
 * ten thousand items scroll as well as two hundred.
 */
import type { Item } from '../../client/wire.js';
import { thumbnailUrl } from '../api.js';
import { el, icon } from '../dom.js';
import { humanise } from '../format.js';
import { Problem } from '../problem.js';
import { listItems } from './store-panel.js';

/** What the grid tells its page. */
export interface GridEvents {
  /** Called when other items are chosen than before. */
  onChosen: (chosen: Item[]) => void;
  onProblem: (problem: Problem) => void;
}

interface Tile {
  item: Item;
  node: HTMLElement;
  box: HTMLInputElement;
  name: HTMLElement;
}

/** The grid of one label of a collection. */
export class ItemGrid {
  readonly element = el('div', { class: 'items' });
  readonly #list = el('div', { role: 'list' });
  readonly #end = el('p', { class: 'grid-end', 'aria-hidden': 'true' });
  readonly #tiles = new Map<string, Tile>();
  readonly #pictures: IntersectionObserver;
  readonly #more: IntersectionObserver;
  #cursor: string | null = null;
  #loading: Promise<void> | null = null;
  #isClosed = false;
  #last: Tile | null = null;
  /** The one that the Tab key stops at. */
  #stop: HTMLInputElement | null = null;

  constructor(
    private readonly collection: string,
    private readonly label: string | null,
    private readonly events: GridEvents,
  ) {
    this.element.append(this.#list, this.#end);
    this.#pictures = new IntersectionObserver((entries) => this.#showPictures(entries), {
      rootMargin: '300px',
    });
    this.#more = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) {
          void this.#load();
        }
      },
      { rootMargin: '1500px' },
    );
    this.#list.addEventListener('keydown', (event) => this.#move(event));
    this.#list.addEventListener('focusin', ({ target }) => {
      if (!(target instanceof HTMLInputElement)) {
        return;
      }
      if (this.#stop !== null) {
        this.#stop.tabIndex = -1;
      }
      this.#stop = target;
      target.tabIndex = 0;
    });
    void this.#load();
  }

  get chosen(): Item[] {
    return [...this.#tiles.values()].filter(({ box }) => box.checked).map(({ item }) => item);
  }

  /** Items that have been fetched. */
  get size(): number {
    return this.#tiles.size;
  }

  /** Chooses all that has been fetched, or none. */
  chooseAll(isChosen: boolean): void {
    for (const { box } of this.#tiles.values()) {
      box.checked = isChosen;
    }
    this.events.onChosen(this.chosen);
  }

  /** Takes items out of the grid. @returns puts them back where they were */
  remove(ids: string[]): () => void {
    const removed = ids.flatMap((id) => this.#tiles.get(id) ?? []);
    for (const { node, box } of removed) {
      node.hidden = true;
      box.checked = false;
    }
    this.events.onChosen(this.chosen);
    return () => {
      for (const { node } of removed) {
        node.hidden = false;
      }
    };
  }

  /** Shows another label of an item; where the grid is of one label, those of others leave it. */
  setLabel(id: string, label: string | null): void {
    const tile = this.#tiles.get(id);
    if (tile === undefined) {
      return;
    }
    tile.item = { ...tile.item, label };
    tile.name.textContent = humanise(label);
    tile.box.setAttribute('aria-label', `${humanise(label)}, ${tile.item.source ?? id}`);
    tile.node.hidden = this.label !== null && this.label !== label;
    if (tile.node.hidden) {
      tile.box.checked = false;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#pictures.disconnect();
    this.#more.disconnect();
  }

  #load(): Promise<void> {
    this.#loading ??= this.#loadPage().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #loadPage(): Promise<void> {
    if (this.#isClosed || (this.#tiles.size > 0 && this.#cursor === null)) {
      return;
    }
    try {
      const page = await listItems(this.collection, this.label, this.#cursor);
      if (this.#isClosed) {
        return;
      }
      this.#cursor = page.next;
      const chunk = el('div', { class: 'item-grid', role: 'presentation' });
      chunk.append(...page.items.map((item) => this.#add(item)));
      this.#list.append(chunk);
      this.#more.disconnect();
      // An end that is still near is noticed only when it is looked at anew.
      if (page.next !== null) {
        this.#more.observe(this.#end);
      }
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      this.#more.disconnect();
      this.events.onProblem(error);
    }
  }

  #add(item: Item): HTMLElement {
    const source = item.source ?? item.id;
    const box = el('input', { type: 'checkbox', 'aria-label': `${humanise(item.label)}, ${source}` });
    const frame = el('span', { class: 'item-frame', 'aria-hidden': 'true' }, icon('paw'));
    const name = el('bdi', {}, humanise(item.label));
    const words = el(
      'span',
      { class: 'item-words', 'aria-hidden': 'true' },
      name,
      el('small', { title: source }, source.split(/[\\/]/).at(-1) || source),
    );
    const node = el('div', { class: 'item', role: 'listitem' }, el('label', {}, box, frame, words));
    const tile = { item, node, box, name };
    // One stop for the Tab key; the arrow keys go on from there.
    box.tabIndex = this.#stop === null ? 0 : -1;
    this.#stop ??= box;
    node.addEventListener('click', (event) => this.#extend(event, tile));
    box.addEventListener('change', () => this.events.onChosen(this.chosen));
    this.#tiles.set(item.id, tile);
    if (item.hasThumbnail) {
      this.#pictures.observe(frame);
    }
    frame.dataset.id = item.id;
    return node;
  }

  /** With Shift, everything between the last choice and this one is chosen, too. */
  #extend(event: MouseEvent, tile: Tile): void {
    if (event.target !== tile.box) {
      return;
    }
    if (event.shiftKey && this.#last !== null) {
      const all = [...this.#tiles.values()];
      const [from, to] = [all.indexOf(this.#last), all.indexOf(tile)].sort((a, b) => a - b) as [
        number,
        number,
      ];
      for (const { box, node } of all.slice(from, to + 1)) {
        if (!node.hidden) {
          box.checked = tile.box.checked;
        }
      }
      this.events.onChosen(this.chosen);
    }
    this.#last = tile;
  }

  /** Arrow keys move between the items, as they stand on the screen. */
  #move(event: KeyboardEvent): void {
    const { target } = event;
    if (!(target instanceof HTMLInputElement)) {
      return;
    }
    const boxes = [...this.#tiles.values()].filter(({ node }) => !node.hidden).map(({ box }) => box);
    const at = boxes.indexOf(target);
    const chunk = target.closest('.item-grid');
    if (chunk === null || at < 0) {
      return;
    }
    const columns = getComputedStyle(chunk).gridTemplateColumns.split(' ').length;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
    };
    const step = steps[event.key];
    if (step === undefined) {
      return;
    }
    event.preventDefault();
    const next = boxes[at + step];
    next?.focus();
    next?.closest('.item')?.scrollIntoView({ block: 'nearest' });
  }

  #showPictures(entries: IntersectionObserverEntry[]): void {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting || !(target instanceof HTMLElement)) {
        continue;
      }
      this.#pictures.unobserve(target);
      // One that cannot be loaded leaves the drawing.
      thumbnailUrl(this.collection, target.dataset.id ?? '').then(
        (url) => {
          const picture = el('img', { alt: '', src: url });
          picture.addEventListener('load', () => URL.revokeObjectURL(url));
          target.replaceChildren(picture);
        },
        (error: unknown) => {
          if (!(error instanceof Problem)) {
            throw error;
          }
        },
      );
    }
  }
}
