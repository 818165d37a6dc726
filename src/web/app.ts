/**
 * The page's one flow: a photo is given, sent, answered or refused. Whatever is given next replaces what is
 * under way; an answer that was overtaken is never shown.
 */
import type { Identification } from '../engine/engine.js';
import { identify } from './api.js';
import { byId, svg } from './dom.js';
import { fileSize } from './format.js';
import type { Given } from './input.js';
import { refusal, smallerCopy } from './photo.js';
import { Problem } from './problem.js';
import { texts } from './texts/texts.js';
import { spoken } from './verdict.js';
import { answerView } from './views/answer.js';
import { neighboursView } from './views/neighbours.js';
import { mayShrink, problemView } from './views/problem-view.js';
import { workingView } from './views/working.js';

/** A busy server is asked again by itself this many times; then it is for the person to say. */
const AUTOMATIC_RETRIES = 3;

/** What the flow needs of the rest of the page. */
export interface Surroundings {
  /** The collection chosen now. */
  collection: () => string;
  /** Called when the server asks for a key. */
  needKey: () => void;
  /** Shows a few words for a while and says them to people who listen to the page. */
  hint: (words: string) => void;
}

/** The flow from a photo to its answer. */
export class App {
  private readonly main = byId('main', HTMLElement);
  private readonly panel = byId('answer', HTMLElement);
  private readonly neighbours = byId('neighbours', HTMLElement);
  private readonly picture = byId('picture', HTMLImageElement);
  private readonly noPicture = byId('no-picture', HTMLElement);
  private readonly caption = byId('caption', HTMLElement);
  private readonly status = byId('status', HTMLElement);
  private photo: File | null = null;
  private note = '';
  private retries = 0;
  private running: AbortController | null = null;
  /** Draws what the panel shows, again in another language; null at the start and while an answer is on its way. */
  private drawn: (() => void) | null = null;
  /** Whether answers come with where the similarity comes from; kept until the page is left. */
  private explaining = false;

  constructor(private readonly around: Surroundings) {}

  /** Takes what a person gave: shows it and asks for its breed. */
  take(what: Given): void {
    if (what.photo === null) {
      // Whatever is shown stays: nothing was asked that it could be the answer to.
      this.around.hint(texts.ask.noPicture);
      return;
    }
    this.note = what.others > 0 ? ` · ${texts.ask.firstOnly}` : '';
    this.retries = 0;
    this.show(what.photo);
    const reason = refusal(what.photo);
    if (reason === null) {
      void this.ask(what.photo);
    } else {
      this.fail(reason);
    }
  }

  /** Asks again with the same photo, if there is one: after a key was entered or a collection chosen. */
  again(): void {
    if (this.photo) {
      void this.ask(this.photo);
    }
  }

  /** Draws what is shown once more, in the language of now. */
  redraw(): void {
    if (this.photo !== null) {
      byId('choose-text', HTMLElement).textContent = texts.ask.chooseAnother;
    }
    this.drawn?.();
  }

  /** Esc: gives up what is under way, or puts a problem away. */
  dismiss(): void {
    const { state } = this.main.dataset;
    if (state === 'working' || state === 'problem') {
      this.reset();
    }
  }

  /** Marks the part of the photo that an answer is about. */
  private markLooked({ region }: Identification): void {
    const { naturalWidth: width, naturalHeight: height } = this.picture;
    const mark = byId('looked', SVGSVGElement);
    const isWhole = width === 0 || (region.width > 0.99 && region.height > 0.99);
    mark.toggleAttribute('hidden', isWhole);
    byId('looked-words', HTMLElement).hidden = isWhole;
    if (isWhole) {
      return;
    }
    const box = {
      x: region.left * width,
      y: region.top * height,
      width: region.width * width,
      height: region.height * height,
    };
    mark.setAttribute('viewBox', `0 0 ${width} ${height}`);
    const outside = `M0 0H${width}V${height}H0zM${box.x} ${box.y}v${box.height}h${box.width}v${-box.height}z`;
    mark.replaceChildren(
      svg('path', { class: 'veil', d: outside }),
      svg('rect', { class: 'square', ...box }),
    );
  }

  private hideLooked(): void {
    byId('looked', SVGSVGElement).toggleAttribute('hidden', true);
    byId('looked-words', HTMLElement).hidden = true;
  }

  private show(photo: File): void {
    this.hideLooked();
    this.photo = photo;
    URL.revokeObjectURL(this.picture.src);
    this.picture.hidden = false;
    this.noPicture.hidden = true;
    this.picture.onerror = () => {
      this.picture.hidden = true;
      this.noPicture.hidden = false;
      this.noPicture.textContent = texts.ask.cannotShow;
    };
    this.picture.src = URL.createObjectURL(photo);
    this.caption.textContent = `${photo.name} · ${fileSize(photo.size)}${this.note}`;
    byId('preview', HTMLElement).hidden = false;
    byId('choose-text', HTMLElement).textContent = texts.ask.chooseAnother;
  }

  private async ask(photo: File): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const collection = this.around.collection();
    const working = workingView(() => this.reset());
    this.neighbours.replaceChildren();
    this.drawn = null;
    this.turn('working', working.panel, texts.working.looking);
    try {
      const { explaining } = this;
      const answer = await identify(photo, { collection, explain: explaining }, running.signal, working.sent);
      if (running.signal.aborted) {
        return;
      }
      this.retries = 0;
      const draw = () => this.turn('answer', answerView(answer), spoken(answer));
      draw();
      // Its size must be known before anything can be laid over it; one that cannot be shown stays without.
      await this.picture.decode().catch(() => {});
      if (running.signal.aborted) {
        return;
      }
      this.markLooked(answer);
      this.list(answer, collection);
      this.drawn = () => {
        draw();
        this.list(answer, collection);
      };
    } catch (error) {
      if (running.signal.aborted) {
        return;
      }
      if (!(error instanceof Problem)) {
        throw error;
      }
      if (error.code === 'explain_unavailable') {
        // Another model than before: the answer is worth more than its explanation.
        this.explaining = false;
        void this.ask(photo);
      } else {
        this.fail(error);
      }
    }
  }

  /** Shows the neighbours of an answer. */
  private list(answer: Identification, collection: string, trouble = ''): void {
    const { picture } = this;
    const shown = picture.complete && picture.naturalWidth > 0;
    const explaining = shown && {
      on: this.explaining,
      toggle: () => void this.toggleWhy(answer, collection),
      photo: { url: picture.src, width: picture.naturalWidth, height: picture.naturalHeight },
      say: (words: string) => this.tell(words),
      trouble,
    };
    const view = neighboursView(answer, collection, explaining || null);
    this.neighbours.replaceChildren(...(view === null ? [] : [view]));
  }

  /** Shows or hides where the similarities come from; they are asked for when they are first wanted. */
  private async toggleWhy(answer: Identification, collection: string): Promise<void> {
    const { photo, running } = this;
    if (photo === null || running === null) {
      return;
    }
    this.explaining = !this.explaining;
    let shown = answer;
    let trouble = '';
    if (this.explaining && answer.neighbours[0]?.explanation === undefined) {
      byId('why', HTMLButtonElement).setAttribute('aria-busy', 'true');
      try {
        shown = await identify(photo, { collection, explain: true }, running.signal);
      } catch (error) {
        if (running.signal.aborted) {
          return;
        }
        if (!(error instanceof Problem)) {
          throw error;
        }
        this.explaining = false;
        trouble = error.title;
      }
      if (running.signal.aborted) {
        return;
      }
    }
    this.list(shown, collection, trouble);
    byId('why', HTMLButtonElement).focus({ preventScroll: true });
    this.tell(trouble || (this.explaining ? texts.why.choose : ''));
  }

  /** Shows a problem in place of an answer. */
  fail(problem: Problem): void {
    this.running?.abort();
    this.running = null;
    const { photo, picture } = this;
    const shown = photo !== null && picture.complete && picture.naturalWidth > 0;
    this.drawn = () => this.fail(problem);
    const busy = problem.status === 503 && this.retries < AUTOMATIC_RETRIES;
    const panel = problemView(problem, {
      retry: () => {
        this.retries += 1;
        this.again();
      },
      retryIn: busy ? (problem.retryAfter ?? 2) : null,
      smaller: shown && mayShrink(problem, photo.size) ? () => void this.shrink(photo) : null,
    });
    this.neighbours.replaceChildren();
    this.turn('problem', panel, panel.querySelector('h2')?.textContent ?? '');
    if (problem.code === 'unauthorized') {
      this.around.needKey();
    }
  }

  private async shrink(photo: File): Promise<void> {
    try {
      const copy = await smallerCopy(this.picture, photo.name);
      this.note = ` · ${texts.ask.smallerCopy}`;
      this.show(copy);
      await this.ask(copy);
    } catch (error) {
      if (!(error instanceof DOMException)) {
        throw error;
      }
      this.fail(new Problem('not_shrunk', 0));
    }
  }

  /** Back to the start, without a photo. */
  private reset(): void {
    this.running?.abort();
    this.running = null;
    this.photo = null;
    this.drawn = null;
    byId('preview', HTMLElement).hidden = true;
    byId('choose-text', HTMLElement).textContent = texts.ask.choose;
    this.neighbours.replaceChildren();
    this.panel.replaceChildren();
    this.panel.hidden = true;
    this.main.dataset.state = 'start';
    this.tell(texts.ask.ready);
    byId('choose', HTMLElement).focus();
  }

  /** For people who listen to the page. */
  private tell(words: string): void {
    this.status.textContent = words;
  }

  private turn(state: 'working' | 'answer' | 'problem', view: HTMLElement, said: string): void {
    this.main.dataset.state = state;
    this.panel.hidden = false;
    this.panel.replaceChildren(view);
    this.tell(said);
    // On a phone the panel lies below the photo: bring it into view once there is something to read.
    if (state !== 'working' && this.panel.getBoundingClientRect().top > innerHeight * 0.7) {
      this.panel.scrollIntoView({ block: 'start' });
    }
  }
}
