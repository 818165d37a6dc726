/** The map of a collection: its photos in a plane, with similar ones close together, and the position of another photo. */
import type { CollectionMap, SearchResult } from '../../client/wire.js';
import { call, thumbnailUrl } from '../api.js';
import { button, byId, cssVariable, el } from '../dom.js';
import { formatNumber, humanise, similarity } from '../format.js';
import { pickPhotos } from '../photo.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { attempt } from './attempt.js';
import { CollectionHeader } from './collection-header.js';
import { openItem } from './item-dialog.js';
import { getCollection, getItem } from './manage-calls.js';
import { MapCanvas } from './map-canvas.js';
import { colourOf, placeBetween } from './map-view.js';

/** Maximum number of labels in the legend. */
const MOST_LABELS = 60;
/** Number of pictures cached for hovering. */
const MOST_PICTURES = 300;
/** Milliseconds that a pointer rests before a picture is fetched. */
const REST_MS = 60;
/** Neighbours requested: if the map shows a sample, some of them must be on it. */
const NEIGHBOURS = 500;

/** The page at `#/collections/NAME/map`. */
export class MapPage {
  readonly element = el('section', { class: 'manage', 'aria-labelledby': 'manage-title' });
  readonly #header: CollectionHeader;
  readonly #place = el('div', { class: 'map' });
  readonly #words = el('p', { role: 'status' });
  readonly #tip = el('div', { class: 'map-tip', hidden: true });
  readonly #pictures = new Map<string, Promise<string | null>>();
  #canvas: MapCanvas | null = null;
  #map: CollectionMap | null = null;
  #resting = 0;
  readonly #closed = new AbortController();

  constructor(private readonly name: string) {
    this.#header = new CollectionHeader(name, 'map');
  }

  /** @throws Problem collection_not_found */
  async open(): Promise<void> {
    const t = texts.manage.map;
    const show = async () => this.#header.show(await getCollection(this.name), () => void attempt(show));
    await show();
    this.element.append(
      this.#header.element,
      el('p', {}, t.about),
      el('div', { class: 'actions' }, ...this.#queryChooser()),
      this.#words,
      this.#place,
    );
    addEventListener('drop', (event) => this.#drop(event), { capture: true, signal: this.#closed.signal });
    this.#words.textContent = t.drawing;
    void attempt(
      () => this.#load(),
      (words) => {
        this.#words.textContent = words;
      },
    );
  }

  close(): void {
    this.#closed.abort();
    this.#canvas?.close();
    clearTimeout(this.#resting);
    for (const picture of this.#pictures.values()) {
      void picture.then((url) => url !== null && URL.revokeObjectURL(url));
    }
  }

  async #load(): Promise<void> {
    const t = texts.manage.map;
    const answer = await call(`v1/collections/${encodeURIComponent(this.name)}/map`);
    const map = (await answer.json()) as CollectionMap;
    if (this.#closed.signal.aborted) {
      return;
    }
    this.#map = map;
    const shown = formatNumber(map.ids.length);
    if (map.ids.length === 0) {
      this.#words.textContent = t.empty;
      return;
    }
    this.#words.textContent =
      map.ids.length < map.total ? t.sampled(shown, formatNumber(map.total)) : t.shown(shown);
    const data = {
      x: Float32Array.from(map.x),
      y: Float32Array.from(map.y),
      label: Uint16Array.from(map.label),
    };
    this.#canvas = new MapCanvas(data, {
      onPoint: (point, x, y) => this.#showTip(point, x, y),
      onOpen: (point) =>
        void attempt(async () => openItem(this.name, await getItem(this.name, map.ids[point]!))),
    });
    this.#canvas.element.setAttribute('aria-label', t.canvas(this.name));
    this.#canvas.element.setAttribute('aria-describedby', 'map-help');
    this.#place.replaceChildren(
      el('div', { class: 'map-frame' }, this.#canvas.element, this.#tip, this.#zoomButtons(this.#canvas)),
      this.#legend(map, this.#canvas),
      el('p', { id: 'map-help', class: 'small' }, t.help),
    );
  }

  #zoomButtons(canvas: MapCanvas): HTMLElement {
    const t = texts.manage.map;
    const zoom = (text: string, name: string, act: () => void) => {
      const node = button(text, 'plain', () => {
        act();
        canvas.draw();
      });
      node.setAttribute('aria-label', name);
      return node;
    };
    const { view } = canvas;
    return el(
      'div',
      { class: 'map-zoom' },
      zoom('+', t.zoomIn, () => view.zoomBy(1.6)),
      zoom('−', t.zoomOut, () => view.zoomBy(1 / 1.6)),
      zoom('⤢', t.fit, () => view.fit(view.width, view.height)),
    );
  }

  /** A button for each label that makes the others pale. */
  #legend({ labels, label }: CollectionMap, canvas: MapCanvas): HTMLElement {
    const t = texts.manage.map;
    const counts = new Uint32Array(labels.length);
    for (const each of label) {
      counts[each]! += 1;
    }
    const list = el('ul', { class: 'map-legend', 'aria-label': t.legend });
    for (const [i, name] of labels.slice(0, MOST_LABELS).entries()) {
      const dot = cssVariable(el('span', { class: 'dot', 'aria-hidden': 'true' }), '--dot', colourOf(i));
      const node = el(
        'button',
        { type: 'button', 'aria-pressed': 'false' },
        dot,
        el('bdi', {}, humanise(name)),
        el('span', { class: 'value' }, formatNumber(counts[i]!)),
      );
      node.addEventListener('click', () => {
        const isOn = node.getAttribute('aria-pressed') === 'true';
        for (const other of list.querySelectorAll('button')) {
          other.setAttribute('aria-pressed', 'false');
        }
        node.setAttribute('aria-pressed', String(!isOn));
        canvas.highlight(isOn ? null : i);
      });
      list.append(el('li', {}, node));
    }
    const more = labels.length - MOST_LABELS;
    if (more > 0) {
      list.append(el('li', { class: 'small' }, texts.manage.preview.more(more)));
    }
    return list;
  }

  /** The picture of an item, cached for a while; null if there is none. */
  #picture(id: string): Promise<string | null> {
    const known =
      this.#pictures.get(id) ??
      thumbnailUrl(this.name, id).catch((error: unknown) => {
        if (error instanceof Problem) {
          return null;
        }
        throw error;
      });
    this.#pictures.delete(id);
    this.#pictures.set(id, known);
    const [oldest] = this.#pictures.entries();
    if (this.#pictures.size > MOST_PICTURES && oldest !== undefined) {
      this.#pictures.delete(oldest[0]);
      void oldest[1].then((url) => url !== null && URL.revokeObjectURL(url));
    }
    return known;
  }

  #showTip(point: number, x: number, y: number): void {
    clearTimeout(this.#resting);
    const map = this.#map!;
    this.#tip.hidden = point === -1;
    if (point === -1) {
      return;
    }
    const id = map.ids[point]!;
    const name = humanise(map.labels[map.label[point]!] ?? null);
    this.#tip.replaceChildren(el('bdi', {}, name));
    cssVariable(cssVariable(this.#tip, '--x', `${Math.round(x)}px`), '--y', `${Math.round(y)}px`);
    const { width, height } = this.#canvas!.view;
    this.#tip.classList.toggle('to-left', x > width / 2);
    this.#tip.classList.toggle('to-top', y > height / 2);
    this.#resting = window.setTimeout(async () => {
      if (document.activeElement === this.#canvas?.element) {
        byId('status', HTMLElement).textContent = name;
      }
      const url = map.hasThumbnail[point]! ? await this.#picture(id) : null;
      if (url !== null && !this.#tip.hidden && map.ids[point] === id && this.#tip.textContent === name) {
        this.#tip.replaceChildren(el('img', { alt: '', src: url }), el('bdi', {}, name));
      }
    }, REST_MS);
  }

  #queryChooser(): HTMLElement[] {
    const t = texts.manage.map;
    const field = el('input', { type: 'file', accept: 'image/*', hidden: true, 'aria-label': t.query });
    field.addEventListener('change', () => {
      const [photo] = pickPhotos(field.files ?? []);
      field.value = '';
      if (photo !== undefined) {
        void attempt(() => this.#locate(photo));
      }
    });
    return [button(t.query, 'plain', () => field.click()), field];
  }

  /** Places a photo that is dropped on the map. */
  #drop(event: DragEvent): void {
    const [photo] = pickPhotos(event.dataTransfer?.files ?? []);
    if (photo !== undefined && this.#map !== null) {
      event.preventDefault();
      void attempt(() => this.#locate(photo));
    }
  }

  /** Requests the neighbours of a photo and shows its position between them. */
  async #locate(photo: File): Promise<void> {
    const t = texts.manage.map;
    const map = this.#map;
    if (map === null) {
      return;
    }
    const form = new FormData();
    form.append('image', photo, photo.name);
    const query = new URLSearchParams({ collection: this.name, k: String(NEIGHBOURS) });
    const { neighbours } = (await (
      await call(`v1/search?${query}`, { method: 'POST', form })
    ).json()) as SearchResult;
    const positions = new Map(map.ids.map((id, i) => [id, i]));
    const anchors = neighbours.flatMap(({ id, similarity: alike }) => {
      const i = positions.get(id);
      return i === undefined ? [] : [{ x: map.x[i]!, y: map.y[i]!, similarity: alike }];
    });
    const place = placeBetween(anchors);
    this.#canvas?.showQuery(place);
    const [nearest] = neighbours;
    this.#words.textContent =
      place === null || nearest === undefined
        ? t.nowhere(photo.name)
        : t.placed(photo.name, humanise(nearest.label), similarity(nearest.similarity));
  }
}
