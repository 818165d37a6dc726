/**
 * Draws a map on a canvas, moved and zoomed by mouse, touch and keyboard. A canvas draws ten thousand squares in a few
 * milliseconds (`npm run bench:page`), so each frame draws all of them.
 */
import { chooseColour } from '../../projection/label-colours.js';
import { el } from '../dom.js';
import { MapView } from './map-view.js';

/** The points to draw. */
export interface MapData {
  x: Float32Array;
  y: Float32Array;
  /** The index of each point's label. */
  label: Uint16Array;
}

/** Callbacks of the canvas. */
export interface MapEvents {
  /** Called with the point under the pointer, or in the middle for the keyboard, and its position; -1: none. */
  onPoint: (point: number, x: number, y: number) => void;
  onOpen: (point: number) => void;
}

/** Radius in pixels within which the pointer hits a point; larger for a finger. */
const REACH = { mouse: 10, touch: 24, keyboard: 60 };
/** Pixels that a pointer may move between down and up in a click. */
const CLICK = 6;
const STEP = 60;

export class MapCanvas {
  readonly #data: MapData;
  readonly #events: MapEvents;
  readonly element = el('canvas.map-canvas', { tabindex: 0, role: 'application' });
  readonly view: MapView;
  /** The highlighted label; the others are pale. */
  #only: number | null = null;
  #query: { x: number; y: number } | null = null;
  #point = -1;
  #isDue = false;
  readonly #order: Uint32Array;
  readonly #pointers = new Map<number, { x: number; y: number }>();
  #travelled = 0;
  readonly #resized: ResizeObserver;

  constructor(data: MapData, events: MapEvents) {
    this.#data = data;
    this.#events = events;
    this.view = new MapView(data.x, data.y);
    // Grouped by label, so that each colour is set once.
    this.#order = Uint32Array.from(data.label.keys()).sort((a, b) => data.label[b]! - data.label[a]!);
    this.#resized = new ResizeObserver(() => this.#resize());
    this.#resized.observe(this.element);
    this.#listen();
  }

  close(): void {
    this.#resized.disconnect();
  }

  /** Highlights a label by making the others pale; null: none. */
  highlight(label: number | null): void {
    this.#only = label;
    this.draw();
  }

  /** Shows the position of a query, and centres it. */
  showQuery(place: { x: number; y: number } | null): void {
    this.#query = place;
    if (place !== null) {
      this.view.centreOn(place.x, place.y);
    }
    this.draw();
  }

  /** Draws in the next frame. */
  draw(): void {
    if (!this.#isDue) {
      this.#isDue = true;
      requestAnimationFrame(() => {
        this.#isDue = false;
        this.#paint();
      });
    }
  }

  #isShown = (i: number) => this.#only === null || this.#data.label[i] === this.#only;

  #resize(): void {
    const { clientWidth, clientHeight } = this.element;
    this.element.width = Math.round(clientWidth * devicePixelRatio);
    this.element.height = Math.round(clientHeight * devicePixelRatio);
    this.view.resize(clientWidth, clientHeight);
    this.draw();
  }

  #paint(): void {
    const context = this.element.getContext('2d')!;
    const { view } = this;
    const data = this.#data;
    const ratio = devicePixelRatio;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.element.width, this.element.height);
    // Points are larger if there are few of them, and when zoomed in.
    const minSide = Math.max(3, 9 - 1.5 * Math.log10(data.x.length));
    const side = Math.round(Math.min(10, minSide + 1.5 * Math.log2(Math.max(1, view.zoom))) * ratio);
    const [right, bottom] = [this.element.width, this.element.height];
    let label = -1;
    for (const i of this.#order) {
      const x = Math.round((data.x[i]! * view.scale + view.left) * ratio - side / 2);
      const y = Math.round((data.y[i]! * view.scale + view.top) * ratio - side / 2);
      if (x < -side || y < -side || x > right || y > bottom) {
        continue;
      }
      if (data.label[i] !== label) {
        label = data.label[i]!;
        context.fillStyle = chooseColour(label);
        context.globalAlpha = this.#only === null || this.#only === label ? 0.85 : 0.12;
      }
      context.fillRect(x, y, side, side);
    }
    context.globalAlpha = 1;
    context.scale(ratio, ratio);
    context.strokeStyle = getComputedStyle(this.element).color;
    this.#ring(context, this.#point === -1 ? null : { x: data.x[this.#point]!, y: data.y[this.#point]! }, 8);
    this.#ring(context, this.#query, 12);
    this.#ring(context, this.#query, 4);
  }

  #ring(context: CanvasRenderingContext2D, place: { x: number; y: number } | null, radius: number): void {
    if (place === null) {
      return;
    }
    const { scale, left, top } = this.view;
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(place.x * scale + left, place.y * scale + top, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  #look(x: number, y: number, reach: number): void {
    this.#point = this.view.nearest(x, y, reach, this.#isShown);
    const { scale, left, top } = this.view;
    const i = this.#point;
    this.#events.onPoint(
      i,
      i === -1 ? x : this.#data.x[i]! * scale + left,
      i === -1 ? y : this.#data.y[i]! * scale + top,
    );
    this.draw();
  }

  #listen(): void {
    const { element } = this;
    element.addEventListener('pointerdown', (event) => {
      element.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
      this.#travelled = 0;
    });
    element.addEventListener('pointermove', (event) => this.#drag(event));
    for (const kind of ['pointerup', 'pointercancel'] as const) {
      element.addEventListener(kind, (event) => {
        this.#pointers.delete(event.pointerId);
        if (kind === 'pointerup' && this.#travelled < CLICK) {
          this.#click(event);
        }
      });
    }
    element.addEventListener('pointerleave', ({ pointerType }) => {
      // A finger leaves when it is lifted, and its point stays for the next tap.
      if (pointerType === 'mouse') {
        this.#look(-1e6, -1e6, 0);
      }
    });
    element.addEventListener(
      'wheel',
      (event) => {
        event.preventDefault();
        this.view.zoomBy(1.0015 ** -event.deltaY, event.offsetX, event.offsetY);
        this.#look(event.offsetX, event.offsetY, REACH.mouse);
      },
      { passive: false },
    );
    element.addEventListener('keydown', (event) => this.#press(event));
    element.addEventListener('focus', () => {
      if (element.matches(':focus-visible')) {
        this.#lookInTheMiddle();
      }
    });
  }

  /** Moves with one pointer, zooms with two, and hovers with none pressed. */
  #drag(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) {
      this.#look(event.offsetX, event.offsetY, REACH.mouse);
      return;
    }
    const now = { x: event.offsetX, y: event.offsetY };
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1];
    this.#travelled += Math.hypot(now.x - before.x, now.y - before.y);
    if (other === undefined) {
      this.view.move(now.x - before.x, now.y - before.y);
    } else {
      const measureDistance = ({ x, y }: { x: number; y: number }) =>
        Math.max(1, Math.hypot(x - other.x, y - other.y));
      this.view.zoomBy(
        measureDistance(now) / measureDistance(before),
        (now.x + other.x) / 2,
        (now.y + other.y) / 2,
      );
      this.view.move((now.x - before.x) / 2, (now.y - before.y) / 2);
    }
    this.#pointers.set(event.pointerId, now);
    this.draw();
  }

  /** A mouse opens the point it is on; a finger shows it first. */
  #click({ offsetX, offsetY, pointerType }: PointerEvent): void {
    const before = this.#point;
    this.#look(offsetX, offsetY, pointerType === 'mouse' ? REACH.mouse : REACH.touch);
    if (this.#point !== -1 && (pointerType === 'mouse' || before === this.#point)) {
      this.#events.onOpen(this.#point);
    }
  }

  #lookInTheMiddle(): void {
    this.#look(this.view.width / 2, this.view.height / 2, REACH.keyboard);
  }

  #press(event: KeyboardEvent): void {
    const { view } = this;
    const acts: Record<string, () => void> = {
      ArrowLeft: () => view.move(STEP, 0),
      ArrowRight: () => view.move(-STEP, 0),
      ArrowUp: () => view.move(0, STEP),
      ArrowDown: () => view.move(0, -STEP),
      '+': () => view.zoomBy(1.4),
      '=': () => view.zoomBy(1.4),
      '-': () => view.zoomBy(1 / 1.4),
      '0': () => view.fit(),
    };
    if (event.key === 'Enter' && this.#point !== -1) {
      event.preventDefault();
      this.#events.onOpen(this.#point);
      return;
    }
    const act = acts[event.key];
    if (act !== undefined && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      act();
      this.#lookInTheMiddle();
    }
  }
}
