/** The current photo, with the part that the answer is about marked, or with a frame that selects a part. */
import { type Rectangle, WHOLE_PHOTO } from '../../image/regions.js';
import { byId, svg } from '../dom.js';
import { formatFileSize } from '../format.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';
import { CropFrame } from './crop-frame.js';
import { veilAround } from './why.js';

/** The initial frame if the answer was about the whole photo. */
const MIDDLE: Rectangle = { left: 0.15, top: 0.15, width: 0.7, height: 0.7 };

const isWhole = ({ width, height }: Rectangle) => width > 0.99 && height > 0.99;

/** The photo in the panel beside the answer. */
export class Preview {
  readonly #onPart: (part: Rectangle | null) => void;
  readonly #picture = byId('picture', HTMLImageElement);
  readonly #noPicture = byId('no-picture', HTMLElement);
  readonly #caption = byId('caption', HTMLElement);
  readonly #mark = byId('looked', SVGSVGElement);
  readonly #markNote = byId('looked-note', HTMLElement);
  readonly #cropButton = byId('crop', HTMLButtonElement);
  #crop: CropFrame | null = null;
  #shown: Entry | null = null;

  /** @param onPart called with the part to ask about; null: the whole photo */
  constructor(onPart: (part: Rectangle | null) => void) {
    this.#onPart = onPart;
    this.#cropButton.addEventListener('click', () => {
      if (this.#crop === null) {
        this.#startCrop();
      } else if (this.#shown?.region) {
        this.#endCrop();
        this.#onPart(null);
      } else {
        this.stopCrop();
      }
    });
  }

  /** The picture's URL and size in pixels; null if this browser cannot show it. */
  get picture(): { url: string; width: number; height: number; image: HTMLImageElement } | null {
    const { complete, naturalWidth: width, naturalHeight: height, src: url } = this.#picture;
    return complete && width > 0 ? { url, width, height, image: this.#picture } : null;
  }

  /** Shows the photo of a question. The frame stays if it is the same photo as before. */
  show(entry: Entry): void {
    this.#unmark();
    if (this.#shown?.url !== entry.url) {
      this.#endCrop();
      this.#picture.hidden = false;
      this.#noPicture.hidden = true;
      this.#cropButton.hidden = true;
      this.#picture.onload = () => {
        this.#cropButton.hidden = false;
      };
      this.#picture.onerror = () => {
        this.#picture.hidden = true;
        this.#noPicture.hidden = false;
        this.#noPicture.textContent = texts.ask.cannotShow;
      };
      this.#picture.src = entry.url;
    }
    this.#shown = entry;
    this.#caption.textContent = `${entry.photo.name} · ${formatFileSize(entry.photo.size)}${entry.note}`;
    byId('preview', HTMLElement).hidden = false;
    this.showTexts();
  }

  /** Removes the frame; the answer stays. @returns whether there was one */
  stopCrop(): boolean {
    if (this.#crop === null) {
      return false;
    }
    this.#endCrop();
    this.markLooked();
    this.#cropButton.focus();
    return true;
  }

  /** Clears the photo. */
  hide(): void {
    this.#endCrop();
    this.#shown = null;
    byId('preview', HTMLElement).hidden = true;
    this.showTexts();
  }

  /** Writes its texts again in the current language. */
  showTexts(): void {
    byId('choose-text', HTMLElement).textContent =
      this.#shown === null ? texts.ask.choose : texts.ask.chooseAnother;
    this.#cropButton.textContent = this.#crop === null ? texts.crop.start : texts.crop.end;
    this.#cropButton.setAttribute('aria-pressed', String(this.#crop !== null));
  }

  /** Resolves when the picture's size is known, or it turns out that it cannot be shown. */
  async whenReady(): Promise<void> {
    await this.#picture.decode().catch(() => {});
  }

  /** Marks the part of the photo that its answer is about. */
  markLooked(): void {
    this.#unmark();
    const { picture } = this;
    const region = this.#shown?.answer?.region ?? WHOLE_PHOTO;
    if (picture === null || isWhole(region) || this.#crop !== null) {
      return;
    }
    const { width, height } = picture;
    const { box, veil } = veilAround(region, picture);
    this.#mark.setAttribute('viewBox', `0 0 ${width} ${height}`);
    this.#mark.replaceChildren(veil, svg('rect', { class: 'square', ...box }));
    this.#mark.toggleAttribute('hidden', false);
    this.#markNote.hidden = false;
  }

  #unmark(): void {
    this.#mark.toggleAttribute('hidden', true);
    this.#markNote.hidden = true;
  }

  #startCrop(): void {
    this.#unmark();
    const looked = this.#shown?.region ?? this.#shown?.answer?.region ?? WHOLE_PHOTO;
    const start = isWhole(looked) ? MIDDLE : looked;
    this.#crop = new CropFrame(this.#picture, start, (part) => this.#onPart(part));
    this.#picture.after(this.#crop.element);
    this.showTexts();
    this.#crop.element.querySelector('button')?.focus();
  }

  #endCrop(): void {
    this.#crop?.remove();
    this.#crop = null;
    this.showTexts();
  }
}
