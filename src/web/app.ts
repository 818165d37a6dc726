/**
 * The page's one flow: photos are given, sent, answered or refused. Whatever is given next replaces what is under way; an
 * answer that was overtaken is never shown. Every question is a step of the browser's history.
 */
import type { Identification } from '../engine/engine.js';
import type { Rectangle } from '../image/heat-colours.js';
import { type Intake, identify } from './api.js';
import { byId } from './dom.js';
import { tell } from './hint.js';
import { refusal, smallerCopy } from './photo.js';
import { Problem } from './problem.js';
import { type Entry, type Question, Session, type Step } from './session.js';
import { texts } from './texts/texts.js';
import { spoken } from './verdict.js';
import { answerView } from './views/answer.js';
import { answerActions } from './views/answer-actions.js';
import { Batch } from './views/batch.js';
import { knownNote } from './views/known-note.js';
import { NeighbourPanel } from './views/neighbour-panel.js';
import { Preview } from './views/preview.js';
import { mayShrink, problemView } from './views/problem-view.js';
import { showSession } from './views/session-strip.js';
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
  /** What the server takes; null where it is not known. */
  intake: () => Intake | null;
}

/** The flow from photos to their answers. */
export class App {
  private readonly main = byId('main', HTMLElement);
  private readonly panel = byId('answer', HTMLElement);
  private readonly batchPlace = byId('batch', HTMLElement);
  private readonly preview = new Preview((part) => this.askPart(part));
  private readonly neighbours: NeighbourPanel;
  private readonly session = new Session();
  private readonly batches: Batch[] = [];
  /** The question that is shown; null at the start and while a list is shown. */
  private entry: Entry | null = null;
  private retries = 0;
  private running: AbortController | null = null;

  constructor(private readonly around: Surroundings) {
    this.neighbours = new NeighbourPanel({ preview: this.preview, tell, hint: around.hint });
    this.session.replace({ start: true });
    addEventListener('popstate', ({ state }) => this.follow(state as Step | null));
  }

  /** Takes what a person gave: one photo is shown and asked about, several become a list. */
  take(photos: File[]): void {
    const [photo] = photos;
    if (photo === undefined) {
      // Whatever is shown stays: nothing was asked that it could be the answer to.
      this.around.hint(texts.ask.noPicture);
    } else if (photos.length === 1) {
      this.askNew({ photo, note: '', region: null });
    } else {
      this.startBatch(photos);
    }
  }

  /** Asks again with the same photos, if there are any: after a key was entered or a collection chosen. */
  again(): void {
    if (this.entry) {
      void this.ask(this.entry);
    } else {
      void this.batches.find(({ element }) => element.isConnected)?.run();
    }
  }

  /** Draws what is shown once more, in the language of now. */
  redraw(): void {
    this.preview.showTexts();
    for (const batch of this.batches) {
      batch.draw();
    }
    if (this.entry?.answer || this.entry?.problem) {
      this.show(this.entry);
    }
  }

  /** Esc: gives up what is under way, or puts a problem away. */
  dismiss(): void {
    if (['working', 'problem'].includes(this.main.dataset.state ?? '')) {
      this.giveUp();
    }
  }

  /** Makes a question a step of the history, and asks it if it has no answer. */
  askNew(question: Omit<Question, 'collection'> & Partial<Question>, url?: string): void {
    const entry = this.session.add({ collection: this.around.collection(), ...question }, url);
    this.session.push({ entry: entry.id });
    this.retries = 0;
    this.show(entry);
  }

  /** @param part of the photo that is shown; null: all of it */
  private askPart(part: Rectangle | null): void {
    if (this.entry) {
      const { photo, note, url } = this.entry;
      this.askNew({ photo, note, region: part }, url);
    }
  }

  private startBatch(photos: File[]): void {
    const collection = this.around.collection();
    const entries = photos.map((photo) => this.session.add({ photo, note: '', region: null, collection }));
    const batch = new Batch(entries, {
      open: (entry) => {
        this.session.push({ entry: entry.id });
        this.show(entry);
      },
      needKey: this.around.needKey,
      mostBytes: this.around.intake()?.mostBytes ?? null,
      say: tell,
    });
    this.session.push({ batch: this.batches.push(batch) - 1 });
    this.showBatch(batch);
    void batch.run();
  }

  private showBatch(batch: Batch): void {
    this.leave();
    this.preview.hide();
    this.batchPlace.replaceChildren(batch.element);
    this.main.dataset.state = 'batch';
    batch.element.querySelector('h1')?.focus();
  }

  /** Back and Forward. A step of an earlier visit, of which nothing is known any more, leads to the start. */
  private follow(step: Step | null): void {
    if (step === null || location.hash.startsWith('#/collections')) {
      return;
    }
    const known: Step = this.session.isOfThisVisit(step) ? step : { start: true };
    const batch = 'batch' in known ? this.batches[known.batch] : undefined;
    const entry = 'entry' in known ? this.session.entries[known.entry] : undefined;
    if (batch !== undefined) {
      this.showBatch(batch);
    } else if (entry === undefined) {
      this.reset();
    } else if (entry !== this.entry) {
      this.show(entry);
    }
  }

  /** Shows a question with what became of it; one without an answer is asked. */
  private show(entry: Entry): void {
    this.leave();
    this.entry = entry;
    this.batchPlace.replaceChildren();
    this.preview.show(entry);
    entry.problem ??= entry.answer === null ? refusal(entry.photo, this.around.intake()?.mostBytes) : null;
    if (entry.problem !== null) {
      void this.preview
        .isReady()
        .then(() => this.entry === entry && entry.problem && this.fail(entry.problem, entry));
      this.fail(entry.problem, entry);
    } else if (entry.answer !== null) {
      void this.drawAnswer(entry, entry.answer);
    } else {
      void this.ask(entry);
    }
  }

  /** What is under way is given up, and what is about the question before is taken away. */
  private leave(): void {
    this.running?.abort();
    this.running = null;
    this.entry = null;
    this.neighbours.clear();
  }

  private async ask(entry: Entry): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    entry.collection = this.around.collection();
    entry.answer = null;
    entry.problem = null;
    const { collection, region } = entry;
    const working = workingView(() => this.giveUp());
    this.neighbours.clear();
    this.turn('working', working.panel, texts.working.looking);
    try {
      const question = { collection, region, explain: this.neighbours.explaining };
      entry.answer = await identify(entry.photo, question, running.signal, working.sent);
      this.retries = 0;
      await this.drawAnswer(entry, entry.answer);
    } catch (error) {
      if (running.signal.aborted) {
        return;
      }
      if (!(error instanceof Problem)) {
        throw error;
      }
      if (error.code === 'explain_unavailable') {
        // Another model than before: the answer is worth more than its explanation.
        this.neighbours.explaining = false;
        void this.ask(entry);
      } else {
        entry.problem = error;
        this.fail(error, entry);
      }
    }
  }

  private async drawAnswer(entry: Entry, answer: Identification): Promise<void> {
    const panel = answerView(answer, (part) => this.askPart(part));
    const picture = () => this.preview.picture?.image ?? null;
    panel.append(answerActions(entry, answer, picture, this.around.intake()?.sharesAnswers === true));
    this.turn('answer', panel, spoken(answer));
    this.showSession();
    void knownNote(entry, answer).then((note) => note && panel.querySelector('.tally')?.after(note));
    // Its size must be known before anything can be laid over it; one that cannot be shown stays without.
    await this.preview.isReady();
    if (this.entry === entry && entry.answer === answer) {
      this.preview.markLooked(answer.region);
      this.neighbours.show(entry, answer);
    }
  }

  /** Shows a problem. @param entry null where it came before there was a question */
  fail(problem: Problem, entry: Entry | null = null): void {
    const busy = problem.status === 503 && this.retries < AUTOMATIC_RETRIES;
    const canShrink = entry !== null && this.preview.picture !== null && mayShrink(problem, entry.photo.size);
    const panel = problemView(problem, {
      retry: () => {
        this.retries += 1;
        this.again();
      },
      retryIn: busy ? (problem.retryAfter ?? 2) : null,
      smaller: canShrink ? () => void this.shrink(entry) : null,
    });
    this.neighbours.clear();
    this.turn('problem', panel, panel.querySelector('h2')?.textContent ?? '');
    if (problem.code === 'unauthorized') {
      this.around.needKey();
    }
  }

  private async shrink({ photo, region }: Entry): Promise<void> {
    try {
      const copy = await smallerCopy(this.preview.picture!.image, photo.name);
      this.askNew({ photo: copy, note: ` · ${texts.ask.smallerCopy}`, region });
    } catch (error) {
      if (!(error instanceof DOMException)) {
        throw error;
      }
      this.fail(new Problem('not_shrunk', 0));
    }
  }

  private giveUp(): void {
    this.session.replace({ start: true });
    this.reset();
  }

  /** Back to the start, without a photo. */
  private reset(): void {
    this.leave();
    this.preview.hide();
    this.batchPlace.replaceChildren();
    this.panel.replaceChildren();
    this.panel.hidden = true;
    this.main.dataset.state = 'start';
    this.showSession();
    tell(texts.ask.ready);
    byId('choose', HTMLElement).focus();
  }

  private showSession(): void {
    showSession(this.session.entries, this.entry, (entry) => {
      this.session.push({ entry: entry.id });
      this.show(entry);
    });
  }

  private turn(state: 'working' | 'answer' | 'problem', view: HTMLElement, said: string): void {
    this.main.dataset.state = state;
    this.panel.hidden = false;
    this.panel.replaceChildren(view);
    tell(said);
    // On a phone the panel lies below the photo: bring it into view once there is something to read.
    if (state !== 'working' && this.panel.getBoundingClientRect().top > innerHeight * 0.7) {
      this.panel.scrollIntoView({ block: 'start' });
    }
  }
}
