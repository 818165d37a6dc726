/** The map of a collection: its photos in a plane, with similar ones close together, and the position of another photo. */
import type { CollectionMap } from '../../client/wire.js';
import { countBy } from '../../math/group-by.js';
import { chooseColour } from '../../projection/label-colours.js';
import { getCollectionPath, read, searchByPhoto } from '../api.js';
import { el, fileButton, fill, writeInto } from '../dom.js';
import { formatLabel, formatNumber, formatSimilarity } from '../format.js';
import { announce, attempt } from '../hint.js';
import { texts } from '../texts/texts.js';
import { loadPictureInto } from '../views/item-picture.js';
import { CollectionPage } from './collection-page.js';
import { openItem } from './item-dialog.js';
import { getItem } from './manage-calls.js';
import { MapCanvas } from './map-canvas.js';
import { placeQuery } from './map-view.js';

const MAX_LABELS = 60;
/** Milliseconds that a pointer rests before a picture is fetched. */
const REST_MS = 60;
/** Neighbours requested: if the map shows a sample, some of them must be on it. */
const NEIGHBOURS = 500;

/** The page at `#/collections/NAME/map`. */
export class MapPage extends CollectionPage {
  readonly #place = el('div.map');
  readonly #status = el('p', { role: 'status' });
  readonly #tip = el('div.map-tip.surface', { hidden: true });
  #canvas: MapCanvas | null = null;
  #map: CollectionMap | null = null;
  #resting = 0;

  constructor(name: string) {
    super(name, 'map');
  }

  async open(): Promise<void> {
    const t = texts.manage.map;
    await this.showState();
    const locate = ([photo]: File[]) => photo && attempt(() => this.#locate(photo));
    this.element.append(
      el('p', t.about),
      el('div.actions', fileButton(t.query, 'plain', { accept: 'image/*' }, locate)),
      this.#status,
      this.#place,
    );
    addEventListener('drop', (event) => this.#drop(event), { capture: true, signal: this.left.signal });
    this.#status.textContent = t.drawing;
    void attempt(() => this.#load(), writeInto(this.#status));
  }

  override close(): undefined {
    super.close();
    this.#canvas?.close();
    clearTimeout(this.#resting);
  }

  async #load(): Promise<void> {
    const t = texts.manage.map;
    const map = await read<CollectionMap>(getCollectionPath(this.name, '/map'));
    if (this.left.signal.aborted) {
      return;
    }
    this.#map = map;
    const shown = formatNumber(map.ids.length);
    if (map.ids.length === 0) {
      this.#status.textContent = t.empty;
      return;
    }
    this.#status.textContent =
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
    fill(
      this.#place,
      el('div.map-frame.surface', this.#canvas.element, this.#tip, this.#zoomButtons(this.#canvas)),
      this.#legend(map, this.#canvas),
      el('p.small', { id: 'map-help' }, t.help),
    );
  }

  #zoomButtons(canvas: MapCanvas): HTMLElement {
    const t = texts.manage.map;
    const zoom = (text: string, name: string, act: () => void) => {
      const onclick = () => {
        act();
        canvas.draw();
      };
      return el('button.button.plain', { 'aria-label': name, onclick }, text);
    };
    const { view } = canvas;
    return el(
      'div.map-zoom',
      zoom('+', t.zoomIn, () => view.zoomBy(1.6)),
      zoom('−', t.zoomOut, () => view.zoomBy(1 / 1.6)),
      zoom('⤢', t.fit, () => view.fit()),
    );
  }

  /** A button for each label that makes the others pale. */
  #legend({ labels, label }: CollectionMap, canvas: MapCanvas): HTMLElement {
    const t = texts.manage.map;
    const counts = countBy(label, (index) => index);
    const list = el('ul.map-legend', { 'aria-label': t.legend });
    const choose = (i: number, { currentTarget }: Event) => {
      const node = currentTarget as HTMLElement;
      const isOn = node.getAttribute('aria-pressed') === 'true';
      for (const other of list.querySelectorAll('button')) {
        other.setAttribute('aria-pressed', String(other === node && !isOn));
      }
      canvas.highlight(isOn ? null : i);
    };
    for (const [i, name] of labels.slice(0, MAX_LABELS).entries()) {
      const node = el(
        'button',
        { 'aria-pressed': 'false', onclick: (event) => choose(i, event) },
        el('span.dot', { 'aria-hidden': 'true', '--dot': chooseColour(i) }),
        el('bdi', formatLabel(name)),
        el('span.value', formatNumber(counts.get(i) ?? 0)),
      );
      list.append(el('li', node));
    }
    const more = labels.length - MAX_LABELS;
    if (more > 0) {
      list.append(el('li.small', texts.manage.preview.more(more)));
    }
    return list;
  }

  #showTip(point: number, x: number, y: number): void {
    clearTimeout(this.#resting);
    const map = this.#map!;
    this.#tip.hidden = point === -1;
    if (point === -1) {
      return;
    }
    const name = formatLabel(map.labels[map.label[point]!] ?? null);
    this.#tip.replaceChildren(el('bdi', name));
    this.#tip.style.setProperty('--x', `${Math.round(x)}px`);
    this.#tip.style.setProperty('--y', `${Math.round(y)}px`);
    const { width, height } = this.#canvas!.view;
    this.#tip.classList.toggle('to-left', x > width / 2);
    this.#tip.classList.toggle('to-top', y > height / 2);
    this.#resting = window.setTimeout(() => {
      if (document.activeElement === this.#canvas?.element) {
        announce(name);
      }
      const item = { id: map.ids[point]!, hasThumbnail: map.hasThumbnail[point]! };
      this.#tip.prepend(loadPictureInto(el('span'), this.name, item));
    }, REST_MS);
  }

  /** Places a photo that is dropped on the map. */
  #drop(event: DragEvent): void {
    const photo = event.dataTransfer?.files[0];
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
    const neighbours = await searchByPhoto(this.name, photo, NEIGHBOURS);
    const positions = new Map(map.ids.map((id, i) => [id, i]));
    const anchors = neighbours.flatMap(({ id, similarity: alike }) => {
      const i = positions.get(id);
      return i === undefined ? [] : [{ x: map.x[i]!, y: map.y[i]!, similarity: alike }];
    });
    const place = placeQuery(anchors);
    this.#canvas?.showQuery(place);
    const [nearest] = neighbours;
    this.#status.textContent =
      place === null || nearest === undefined
        ? t.nowhere(photo.name)
        : t.placed(photo.name, formatLabel(nearest.label), formatSimilarity(nearest.similarity));
  }
}
