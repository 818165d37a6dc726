/** How good a collection is: calibrate, measure, look for wrong labels; with live progress and the result. */
import type { Job } from '../../client/wire.js';
import type { CalibrationOutcome } from '../../evaluation/calibrate-collection.js';
import type { CollectionEvaluation } from '../../evaluation/evaluate-collection.js';
import type { LabelTrouble, Suspect } from '../../evaluation/label-trouble.js';
import type { JobRequest } from '../../jobs/job.js';
import { button, el } from '../dom.js';
import { count, humanise, percent } from '../format.js';
import { texts } from '../texts/texts.js';
import { attempt } from './attempt.js';
import { CollectionHeader } from './collection-header.js';
import { followJob } from './follow-job.js';
import { pictureOf } from './item-dialog.js';
import { getCollection, relabel } from './manage-calls.js';
import { showReport } from './show-report.js';
import { offerUndo, settle } from './toast.js';

/** Wrong labels that are shown: as many as a person works through at once. */
const MOST_SUSPECTS = 50;
/** Similarity from which two photos are one picture, for the shipped model. */
const SAME_FROM = 0.95;

/** A kind of work, with the words for it and the view of its result. */
interface Work {
  title: string;
  about: string;
  start: string;
  request: JobRequest;
  show: (job: Job) => HTMLElement | Promise<HTMLElement>;
}

function calibrated({ result }: Job): HTMLElement {
  const { calibration, queries, needed } = result as CalibrationOutcome;
  const t = texts.manage.quality;
  const words =
    calibration === null
      ? t.tooLittle(count(queries, 'labelled photo'), needed)
      : t.calibrated(count(queries, 'photo'));
  return el('p', {}, words);
}

const share = (value: number | null) => (value === null ? texts.manage.quality.none : percent(value));

async function measured({ id, result }: Job): Promise<HTMLElement> {
  const { n, top1, recallAt } = result as CollectionEvaluation;
  const t = texts.manage.quality;
  if (n === 0) {
    return el('p', {}, t.noPairs);
  }
  const place = el('div', {});
  const open = button(t.openReport, 'primary', () => void attempt(() => showReport(id, place)));
  return el(
    'div',
    {},
    el(
      'ul',
      { class: 'measured' },
      el('li', {}, t.asked(count(n, 'photo'))),
      el('li', {}, t.rightFirst(share(top1))),
      el('li', {}, t.rightNearest(share(recallAt[1]))),
    ),
    el('p', { class: 'actions' }, open),
    place,
  );
}

/** The page at `#/collections/NAME/quality`. */
export class QualityPage {
  readonly element = el('section', { class: 'manage', 'aria-labelledby': 'manage-title' });
  readonly #header: CollectionHeader;
  readonly #left = new AbortController();

  constructor(private readonly name: string) {
    this.#header = new CollectionHeader(name, 'quality');
  }

  /** @throws Problem collection_not_found */
  async open(): Promise<void> {
    await this.#showState();
    this.element.append(this.#header.element, ...this.#works().map((work) => this.#workView(work)));
  }

  close(): void {
    settle();
    this.#left.abort();
  }

  async #showState(): Promise<void> {
    const info = await getCollection(this.name);
    this.#header.show(info, () => void attempt(() => this.#showState()));
  }

  #works(): Work[] {
    const t = texts.manage.quality;
    const { name: collection } = this;
    return [
      {
        ...t.calibrate,
        request: { kind: 'calibrate', collection },
        show: (job) => {
          void attempt(() => this.#showState());
          return calibrated(job);
        },
      },
      { ...t.evaluate, request: { kind: 'evaluate', collection }, show: measured },
      {
        ...t.check,
        request: { kind: 'check-labels', collection, threshold: SAME_FROM, limit: MOST_SUSPECTS },
        show: ({ result }) => this.#trouble(result as LabelTrouble),
      },
    ];
  }

  #workView(work: Work): HTMLElement {
    const place = el('div', { 'aria-live': 'polite' });
    const start = button(work.start, 'plain', async () => {
      start.disabled = true;
      await this.#run(work, place);
      start.disabled = false;
    });
    return el(
      'section',
      { class: 'work' },
      el('h2', {}, work.title),
      el('p', {}, work.about),
      el('p', { class: 'actions' }, start),
      place,
    );
  }

  async #run({ start, request, show }: Work, place: HTMLElement): Promise<void> {
    const t = texts.manage.quality;
    const stop = new AbortController();
    const progress = el('progress', { 'aria-label': start });
    const words = el('p', {}, t.waiting);
    const cancel = button(texts.cancel, 'plain', () => stop.abort());
    place.replaceChildren(progress, words, cancel);
    const isDone = await attempt(
      async () => {
        const signal = AbortSignal.any([this.#left.signal, stop.signal]);
        const job = await followJob(request, signal, ({ progress: at }) => {
          if (at !== null) {
            words.textContent = t.phases[at.phase] ?? at.phase;
            progress.max = Math.max(1, at.total);
            progress.value = at.done;
          }
        });
        if (this.#left.signal.aborted) {
          return;
        }
        const view =
          job.state === 'succeeded' ? await show(job) : el('p', {}, job.error?.detail ?? t.cancelled);
        place.replaceChildren(view);
      },
      (trouble) => place.replaceChildren(el('p', { class: 'trouble' }, trouble)),
    );
    if (!isDone && this.#left.signal.aborted) {
      place.replaceChildren();
    }
  }

  #trouble({ suspects, photos, found }: LabelTrouble): HTMLElement {
    const t = texts.manage.quality;
    const words =
      suspects.length === 0
        ? t.nothingWrong(count(photos, 'labelled photo'))
        : t.suspects(count(photos, 'photo'), found.suspects, suspects.length);
    return el(
      'div',
      {},
      el('p', {}, words),
      el('ul', { class: 'suspects' }, ...suspects.map((each) => this.#suspectRow(each))),
    );
  }

  /** One photo whose neighbours say another label: accepted, with a way back, or kept. */
  #suspectRow({ id, label, suggested, suggestedShare }: Suspect): HTMLLIElement {
    const t = texts.manage.quality;
    const row = el('li', { class: 'suspect' });
    const done = () => {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      next?.querySelector('button')?.focus();
    };
    const accept = async () => {
      const parent = row.parentElement!;
      const after = row.nextElementSibling;
      const isDone = await attempt(() => relabel(this.name, [{ id, label: suggested }]));
      if (isDone) {
        done();
        offerUndo(texts.manage.undo.relabelled(1, humanise(suggested)), () => {
          void attempt(() => relabel(this.name, [{ id, label }])).then(() => parent.insertBefore(row, after));
        });
      }
    };
    row.append(
      pictureOf(this.name, { id, hasThumbnail: true }),
      el(
        'span',
        {},
        ...t.suspect(el('bdi', {}, humanise(label)), el('bdi', {}, el('strong', {}, humanise(suggested)))),
        ` ${t.vote(percent(suggestedShare))}`,
      ),
      el(
        'span',
        { class: 'actions' },
        button(t.accept, 'plain', () => void accept()),
        button(t.reject, 'plain', done),
      ),
    );
    return row;
  }
}
