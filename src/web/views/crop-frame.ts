/**
 * A frame that selects the part of a photo to ask about, moved and resized by mouse, touch or arrow keys. A change takes
 * effect on release.
 */
import type { Rectangle } from '../../image/regions.js';
import { el } from '../dom.js';
import { texts } from '../texts/texts.js';

/** The smallest side, as a fraction of the photo's. */
const MIN_SIDE = 0.08;
/** Step of an arrow key, as a fraction of the photo. */
const STEP = 0.02;

/** Which sides of the frame a handle moves: -1 the left or upper one, 1 the right or lower one, 0 none. */
interface Handle {
  x: -1 | 0 | 1;
  y: -1 | 0 | 1;
}

const CORNERS: Handle[] = [
  { x: -1, y: -1 },
  { x: 1, y: -1 },
  { x: -1, y: 1 },
  { x: 1, y: 1 },
];
const ARROWS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

const clamp = (value: number, min: number, max: number) => Math.min(Math.max(value, min), max);

/** One axis of a frame after one of its sides, or all of it, was moved by a fraction of the photo. */
function moveSide(
  start: number,
  length: number,
  side: -1 | 0 | 1,
  by: number,
): [start: number, length: number] {
  if (side === 0) {
    return [clamp(start + by, 0, 1 - length), length];
  }
  if (side < 0) {
    const moved = clamp(start + by, 0, start + length - MIN_SIDE);
    return [moved, start + length - moved];
  }
  return [start, clamp(length + by, MIN_SIDE, 1 - start)];
}

/**
 * A frame after a handle was moved; a handle without sides moves the whole frame.
 *
 * @param dx,dy fractions of the photo
 */
export function moveFrame(frame: Rectangle, { x, y }: Handle, dx: number, dy: number): Rectangle {
  const [left, width] = moveSide(frame.left, frame.width, x, dx);
  const [top, height] = moveSide(frame.top, frame.height, y, dy);
  return { left, top, width, height };
}

/** The frame over an `img` whose picture may not fill the element. */
export class CropFrame {
  readonly #picture: HTMLImageElement;
  readonly #onRelease: (frame: Rectangle) => void;
  readonly element = el('div.crop', { role: 'group' });
  #frame: Rectangle;
  readonly #resized = new ResizeObserver(() => this.#place());

  /** @param onRelease called with the frame at the end of a change */
  constructor(picture: HTMLImageElement, start: Rectangle, onRelease: (frame: Rectangle) => void) {
    this.#picture = picture;
    this.#onRelease = onRelease;
    this.#frame = start;
    this.element.setAttribute('aria-label', texts.crop.frame);
    const whole = this.#handle({ x: 0, y: 0 }, 'crop-move', texts.crop.move);
    const corners = CORNERS.map((corner, i) => this.#handle(corner, 'crop-corner', texts.crop.corners[i]!));
    this.element.append(whole, ...corners);
    this.#resized.observe(picture);
    this.#place();
  }

  /** Removes the frame. */
  remove(): void {
    this.#resized.disconnect();
    this.element.remove();
  }

  /** Position of the picture within its element, in pixels. */
  #box() {
    const { clientWidth, clientHeight, naturalWidth, naturalHeight, offsetLeft, offsetTop } = this.#picture;
    const scale = Math.min(clientWidth / naturalWidth, clientHeight / naturalHeight);
    const [width, height] = [naturalWidth * scale, naturalHeight * scale];
    return {
      left: offsetLeft + (clientWidth - width) / 2,
      top: offsetTop + (clientHeight - height) / 2,
      width,
      height,
    };
  }

  #place(): void {
    const box = this.#box();
    const { left, top, width, height } = this.#frame;
    const { style } = this.element;
    style.left = `${box.left + left * box.width}px`;
    style.top = `${box.top + top * box.height}px`;
    style.width = `${width * box.width}px`;
    style.height = `${height * box.height}px`;
  }

  #handle(handle: Handle, kind: string, name: string): HTMLButtonElement {
    const [x, y] = [handle.x > 0 ? 1 : 0, handle.y > 0 ? 1 : 0];
    const node = el('button', { class: kind, 'aria-label': name, '--x': x, '--y': y });
    this.#drag(node, handle);
    let isMoved = false;
    node.addEventListener('keydown', (event) => {
      const arrow = ARROWS[event.key];
      if (arrow === undefined) {
        return;
      }
      event.preventDefault();
      isMoved = true;
      this.#frame = moveFrame(this.#frame, handle, arrow[0] * STEP, arrow[1] * STEP);
      this.#place();
    });
    node.addEventListener('keyup', (event) => {
      if (isMoved && event.key in ARROWS) {
        isMoved = false;
        this.#onRelease(this.#frame);
      }
    });
    return node;
  }

  #drag(node: HTMLElement, handle: Handle): void {
    let start: { frame: Rectangle; x: number; y: number } | null = null;
    // Otherwise, the browser starts to drag the photo below as a file, and captures the pointer.
    node.addEventListener('mousedown', (event) => event.preventDefault());
    node.addEventListener('pointerdown', (event) => {
      node.focus();
      node.setPointerCapture(event.pointerId);
      start = { frame: this.#frame, x: event.clientX, y: event.clientY };
    });
    node.addEventListener('pointermove', (event) => {
      if (start === null) {
        return;
      }
      const { width, height } = this.#box();
      const [dx, dy] = [(event.clientX - start.x) / width, (event.clientY - start.y) / height];
      this.#frame = moveFrame(start.frame, handle, dx, dy);
      this.#place();
    });
    const end = () => {
      if (start !== null && start.frame !== this.#frame) {
        this.#onRelease(this.#frame);
      }
      start = null;
    };
    node.addEventListener('pointerup', end);
    node.addEventListener('pointercancel', end);
  }
}
