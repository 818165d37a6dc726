/** The questions since the page was opened, and the way Back and Forward move between them. */
import type { Identification } from '../engine/engine.js';
import type { Rectangle } from '../image/regions.js';
import { readCollectionFromUrl } from './collection-chooser.js';
import type { Problem } from './problem.js';

/** A question and its outcome. */
export interface Entry {
  id: number;
  photo: File;
  /** URL of the photo for `img`, valid as long as the page. */
  url: string;
  /** Caption beside the name. */
  note: string;
  /** The part of the photo that was asked about; null: the whole photo. */
  region: Rectangle | null;
  collection: string;
  /** At most one of the two is set; neither while there is no answer yet. */
  answer: Identification | null;
  problem: Problem | null;
}

/** The start of a question; a shared one already has its answer. */
export type Question = Pick<Entry, 'photo' | 'collection'> &
  Partial<Pick<Entry, 'note' | 'region' | 'answer'>>;

/** Parameters of the URL that name the first question of a visit. */
const FIRST = ['shared', 'url'];

/** State that the browser keeps with an entry of its history. */
export type Step = ({ start: true } | { entry: number } | { batch: number }) & {
  /** When the page was opened. Nothing is known about earlier visits. */
  visit?: number;
};

/** The page's URL with a collection; the default one is left out. */
function createUrl(collection: string): URL {
  const address = new URL(location.href);
  if (collection !== readCollectionFromUrl()) {
    address.searchParams.set('collection', collection);
  }
  return address;
}

export class Session {
  readonly entries: Entry[] = [];
  /** The current question, and the one to return to after cancelling. */
  step: Step = { start: true };
  before: Step = { start: true };
  readonly #visit = Date.now();

  /** A new question. @param url of the same photo, if there was a question about it before */
  add(question: Question, url?: string): Entry {
    const entry: Entry = {
      note: '',
      region: null,
      answer: null,
      problem: null,
      ...question,
      id: this.entries.length,
      url: url ?? URL.createObjectURL(question.photo),
    };
    this.entries.push(entry);
    return entry;
  }

  /**
   * Adds an entry to the browser's history.
   *
   * @param collection of this entry
   * @param isKept whether cancelling returns to what is shown now
   */
  push(step: Step, collection: string, isKept: boolean): void {
    if (isKept) {
      this.before = this.step;
    }
    this.step = step;
    const address = createUrl(collection);
    for (const name of FIRST) {
      address.searchParams.delete(name);
    }
    history.pushState({ ...step, visit: this.#visit }, '', address);
  }

  /** Replaces the current entry. */
  replace(step: Step, collection = readCollectionFromUrl()): void {
    this.step = step;
    history.replaceState({ ...step, visit: this.#visit }, '', createUrl(collection));
  }

  /** The question of an entry, if it shows one. */
  entryOf(step: Step): Entry | undefined {
    return 'entry' in step ? this.entries[step.entry] : undefined;
  }

  isOfThisVisit(step: Step): boolean {
    return step.visit === this.#visit;
  }
}
