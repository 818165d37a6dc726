/**
 * Items of a collection as a grid with selection. Pages are fetched as the end comes near, and pictures when they come into
 * view. Each block of sixty items is a grid of its own that the browser skips while it is out of view
 * (`content-visibility`), so that ten thousand items scroll as well as two hundred.
 */
import type { Item } from '../../client/wire.js';
import { cutIntoBatches } from '../../math/group-by.js';
import type { Filter } from '../../store/store.js';
import { isReadOnly, wait } from '../api.js';
import { button, el, fill, icon } from '../dom.js';
import { formatLabel } from '../format.js';
import { attempt } from '../hint.js';
import { texts } from '../texts/texts.js';
import { getFileName } from '../views/neighbour.js';
import { GridFocus } from './grid-focus.js';
import { GridPictures } from './grid-pictures.js';
import { listItems } from './manage-calls.js';

/**
 * Items that the browser lays out together when they come near: few, so that no frame takes long. A multiple of 2 to 6, 10
 * and 12 fills the last row.
 */
const PART = 60;
/** Parts that are removed together. */
const PARTS_AT_ONCE = 12;
/** Side of the corner that selects, in pixels: large enough for a finger. */
const BOX = 48;

export interface GridEvents {
  /** Called when the selection changes. */
  onChosen: () => void;
  onOpen: (item: Item) => void;
  onDelete: () => void;
  /** Called with the number of items fetched so far, and whether these are all of them. */
  onLoaded: (size: number, isAll: boolean) => void;
}

interface Tile {
  item: Item;
  node: HTMLElement;
  box: HTMLInputElement;
  name: HTMLElement;
}

/** The grid of the items of a collection that match a filter. */
export class ItemGrid {
  readonly #collection: string;
  readonly #filter: Filter;
  readonly #events: GridEvents;
  readonly element = el('div');
  readonly #list = el('div', { role: 'list' });
  readonly #end = el('p.grid-end');
  readonly #tiles = new Map<string, Tile>();
  readonly #chosen = new Set<Tile>();
  readonly #pictures: GridPictures;
  readonly #more: IntersectionObserver;
  #cursor: string | null = null;
  #isLoading = false;
  #isClosed = false;
  #last: Tile | null = null;
  readonly #focus = new GridFocus(this.#list, () => this.#shown.map(({ box }) => box));

  constructor(collection: string, filter: Filter, events: GridEvents) {
    this.#collection = collection;
    this.#filter = filter;
    this.#events = events;
    this.element.append(this.#list, this.#end);
    this.#pictures = new GridPictures(collection);
    this.#more = new IntersectionObserver(
      (entries) => entries.some(({ isIntersecting }) => isIntersecting) && void this.#load(),
      { rootMargin: '1500px' },
    );
    this.#list.addEventListener('keydown', (event) => {
      const { target } = event;
      if (target instanceof HTMLInputElement && !this.#act(event, target)) {
        this.#focus.move(event, target);
      }
    });
    void this.#load();
  }

  /** The selected items. */
  get chosen(): Item[] {
    return [...this.#chosen].map(({ item }) => item);
  }

  get #shown(): Tile[] {
    return [...this.#tiles.values()].filter(({ node }) => !node.hidden);
  }

  /** Selects all fetched items, or none. */
  chooseAll(isChosen: boolean): void {
    this.#choose(isChosen ? this.#shown : [...this.#chosen], isChosen);
  }

  #choose(tiles: readonly Tile[], isChosen: boolean): void {
    for (const tile of tiles) {
      tile.box.checked = isChosen;
      // A style that depends on the box would be computed for all tiles again.
      tile.node.classList.toggle('is-chosen', isChosen);
      if (isChosen) {
        this.#chosen.add(tile);
      } else {
        this.#chosen.delete(tile);
      }
    }
    this.#events.onChosen();
  }

  /** Removes items from the grid. @returns a function that puts them back in place */
  remove(ids: string[]): () => void {
    const removed = ids.flatMap((id) => this.#tiles.get(id) ?? []);
    const hide = (isHidden: boolean) => {
      for (const { node } of removed) {
        node.hidden = isHidden;
      }
    };
    hide(true);
    this.#choose(removed, false);
    return () => hide(false);
  }

  /** Changes an item's label; in a grid of one label, an item with another label is removed. */
  setLabel(id: string, label: string | null): void {
    const tile = this.#tiles.get(id);
    if (tile === undefined) {
      return;
    }
    tile.item = { ...tile.item, label };
    tile.name.textContent = formatLabel(label);
    tile.box.setAttribute('aria-label', `${formatLabel(label)}, ${tile.item.source ?? id}`);
    tile.node.hidden = this.#filter.label !== undefined && !this.#filter.label.includes(label ?? '');
  }

  /** Focuses the item that was focused last, or the first remaining one. */
  focus(): void {
    this.#focus.restore();
  }

  /** Takes the grid apart in steps: removing ten thousand photos at once would block the browser for a quarter of a second. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pictures.close();
    this.#more.disconnect();
    const isInView = ({ top, bottom }: DOMRect) => bottom > 0 && top < innerHeight;
    const parts = [...this.#list.children].filter((part) => !isInView(part.getBoundingClientRect()));
    while (parts.length > 0) {
      for (const part of parts.splice(-PARTS_AT_ONCE)) {
        part.remove();
      }
      await wait();
    }
  }

  /** Fetches the next page, unless that is under way or there is none. */
  async #load(): Promise<void> {
    if (this.#isLoading || this.#isClosed || (this.#tiles.size > 0 && this.#cursor === null)) {
      return;
    }
    this.#isLoading = true;
    const isDone = await attempt(async () => {
      const page = await listItems(this.#collection, this.#filter, this.#cursor);
      if (this.#isClosed) {
        return;
      }
      this.#cursor = page.next;
      for (const items of cutIntoBatches(page.items, PART)) {
        const part = el('div.item-grid', { role: 'presentation' });
        part.append(...items.map((item) => this.#add(item)));
        this.#list.append(part);
        this.#pictures.watch(part);
      }
      this.#more.disconnect();
      // The observer reports an end that is still near only when it is observed again.
      if (page.next !== null) {
        this.#more.observe(this.#end);
      }
      this.#events.onLoaded(this.#tiles.size, page.next === null);
    });
    this.#isLoading = false;
    if (!isDone) {
      this.#more.disconnect();
      const again = button(texts.failure.again, 'plain', () => {
        fill(this.#end);
        void this.#load();
      });
      fill(this.#end, again);
    }
  }

  #add(item: Item): HTMLElement {
    const source = item.source ?? item.id;
    // Where nothing can be changed, there is nothing to select for.
    const box = el('input', {
      type: isReadOnly() ? 'button' : 'checkbox',
      'aria-label': `${formatLabel(item.label)}, ${source}`,
      onchange: () => this.#choose([tile], tile.box.checked),
    });
    const frame = el('span.item-frame', { 'aria-hidden': 'true' }, icon('paw'));
    const name = el('bdi', formatLabel(item.label));
    const caption = el(
      'span.item-caption',
      { 'aria-hidden': 'true' },
      name,
      el('small', { title: source }, getFileName(source)),
    );
    const onclick = (event: MouseEvent) => this.#click(event, tile);
    const node = el('div.item', { role: 'listitem', onclick }, el('label', box, frame, caption));
    const tile = { item, node, box, name };
    this.#focus.add(box);
    this.#tiles.set(item.id, tile);
    if (item.hasThumbnail) {
      frame.dataset.id = item.id;
    }
    return node;
  }

  /**
   * A click on a photo opens it, or selects it if others are already selected. A click on its corner always selects. With
   * Shift, everything between the last selected photo and this one is selected.
   */
  #click(event: MouseEvent, tile: Tile): void {
    const { left, top } = tile.node.getBoundingClientRect();
    const isAtBox = event.clientX - left < BOX && event.clientY - top < BOX;
    const isPlain = !event.shiftKey && !event.ctrlKey && !event.metaKey;
    if (isReadOnly() || (event.target !== tile.box && !isAtBox && isPlain && this.#chosen.size === 0)) {
      event.preventDefault();
      this.#events.onOpen(tile.item);
    } else if (event.target === tile.box) {
      this.#extend(tile, event.shiftKey);
    }
  }

  #extend(tile: Tile, isRange: boolean): void {
    if (isRange && this.#last !== null) {
      const all = [...this.#tiles.values()];
      const ends = [all.indexOf(this.#last), all.indexOf(tile)];
      const range = all.slice(Math.min(...ends), Math.max(...ends) + 1);
      this.#choose(
        range.filter(({ node }) => !node.hidden),
        tile.box.checked,
      );
    }
    this.#last = tile;
  }

  /** Enter opens, Delete deletes, Ctrl+A selects all; @returns whether the key was one of these */
  #act(event: KeyboardEvent, target: HTMLInputElement): boolean {
    if (event.key === 'Enter') {
      const tile = [...this.#tiles.values()].find(({ box }) => box === target);
      this.#events.onOpen(tile!.item);
    } else if (event.key === 'Delete' && this.#chosen.size > 0) {
      this.#events.onDelete();
    } else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && !isReadOnly()) {
      this.chooseAll(true);
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }
}
