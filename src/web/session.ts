/** What was asked since the page was opened, and where Back and Forward lead among it. */
import type { Identification } from '../engine/engine.js';
import type { Rectangle } from '../image/heat-colours.js';
import { collectionOfAddress } from './collections.js';
import type { Problem } from './problem.js';

/** A question, and what became of it. */
export interface Entry {
  id: number;
  photo: File;
  /** Address of the photo for `img`; it lasts as long as the page. */
  url: string;
  /** What the caption says beside the name. */
  note: string;
  /** The part of the photo that was asked about; null: all of it. */
  region: Rectangle | null;
  /** The collection that was asked. */
  collection: string;
  /** At most one of the two; neither while there is no answer yet. */
  answer: Identification | null;
  problem: Problem | null;
}

/** What a question begins with; a shared one has its answer already. */
export type Question = Pick<Entry, 'photo' | 'collection'> &
  Partial<Pick<Entry, 'note' | 'region' | 'answer'>>;

/** Parts of the address that name the first question of a visit. */
const FIRST = ['shared', 'url'];

/** What the browser keeps with a step of its history. */
export type Step = ({ start: true } | { entry: number } | { batch: number }) & {
  /** When the page was opened: of an earlier visit nothing is known any more. */
  visit?: number;
};

/** The page's address with a collection, which the one that every server has need not be named in. */
function addressWith(collection: string): URL {
  const address = new URL(location.href);
  if (collection !== collectionOfAddress()) {
    address.searchParams.set('collection', collection);
  }
  return address;
}

/** All questions of the session. */
export class Session {
  readonly entries: Entry[] = [];
  /** What is shown, and what giving up leads back to. */
  step: Step = { start: true };
  before: Step = { start: true };
  readonly #visit = Date.now();

  /** A new question. @param url of the same photo, where it was asked about before */
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
   * Makes a place that Back leads to.
   *
   * @param collection that the step is about
   * @param isKept whether giving up leads back to what is shown now
   */
  push(step: Step, collection: string, isKept: boolean): void {
    if (isKept) {
      this.before = this.step;
    }
    this.step = step;
    const address = addressWith(collection);
    for (const name of FIRST) {
      address.searchParams.delete(name);
    }
    history.pushState({ ...step, visit: this.#visit }, '', address);
  }

  /** The place shown now is another than it was. */
  replace(step: Step, collection = collectionOfAddress()): void {
    this.step = step;
    history.replaceState({ ...step, visit: this.#visit }, '', addressWith(collection));
  }

  /** The question of a step that shows one. */
  entryOf(step: Step): Entry | undefined {
    return 'entry' in step ? this.entries[step.entry] : undefined;
  }

  isOfThisVisit(step: Step): boolean {
    return step.visit === this.#visit;
  }
}
