/** The quality of a collection: calibrate, evaluate and find wrong labels, with live progress and the result. */
import type { Job as FinishedJob } from '../../client/wire.js';
import type { CalibrationOutcome } from '../../evaluation/calibrate-collection.js';
import type { CollectionEvaluation } from '../../evaluation/evaluate-collection.js';
import type { LabelTrouble, Suspect } from '../../evaluation/label-trouble.js';
import type { JobRequest } from '../../jobs/job.js';
import { button, el } from '../dom.js';
import { count, formatNumber, humanise, percent } from '../format.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { attempt, problemWords } from './attempt.js';
import { CollectionHeader } from './collection-header.js';
import { cancelJob, followJob, getJob, isOver, type Job, listJobs, startJob } from './follow-job.js';
import { pictureOf } from './item-dialog.js';
import { getCollection, relabel } from './manage-calls.js';
import { showReport } from './show-report.js';
import { offerUndo, settle } from './toast.js';

/** Maximum number of wrong labels shown: as many as a user works through in one go. */
const MOST_SUSPECTS = 50;
/** Similarity from which two photos are the same picture, for the shipped model. */
const SAME_FROM = 0.95;

/** A kind of job, with its texts and the view of its result. */
interface Work {
  title: string;
  about: string;
  start: string;
  request: JobRequest;
  show: (job: FinishedJob) => HTMLElement | Promise<HTMLElement>;
}

function calibrated({ result }: FinishedJob): HTMLElement {
  const { calibration, queries, needed } = result as CalibrationOutcome;
  const t = texts.manage.quality;
  const words =
    calibration === null
      ? t.tooLittle(count(queries, 'labelled photo'), needed)
      : t.calibrated(count(queries, 'photo'));
  return el('p', {}, words);
}

const share = (value: number | null) => (value === null ? texts.manage.quality.none : percent(value));

async function measured({ id, result }: FinishedJob): Promise<HTMLElement> {
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

function progressWords({ state, progress }: Pick<Job, 'state' | 'progress'>): string {
  const t = texts.manage.quality;
  if (state === 'paused' || progress === null) {
    return state === 'paused' ? t.paused : t.waiting;
  }
  const { phase, done, total } = progress;
  const words = t.phases[phase] ?? phase;
  return total > 0 ? t.counted(words, formatNumber(done), formatNumber(total)) : words;
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
    const [jobs] = await Promise.all([listJobs(this.name), this.#showState()]);
    const works = this.#works();
    const others = jobs.filter(
      (job) => !isOver(job) && works.every(({ request }) => request.kind !== job.kind),
    );
    this.element.append(
      this.#header.element,
      ...others.map((job) => this.#otherView(job)),
      ...works.map((work) =>
        this.#workView(
          work,
          jobs.find(({ kind }) => kind === work.request.kind),
        ),
      ),
    );
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

  /** @param last the newest job of this kind: followed if it is running, else its result is shown */
  #workView(work: Work, last: Job | undefined): HTMLElement {
    const place = el('div', { 'aria-live': 'polite' });
    const start = button(work.start, 'plain', () => void run(() => startJob(work.request)));
    const run = async (begin: () => Promise<Job>) => {
      const hadFocus = document.activeElement === start;
      start.disabled = true;
      await this.#run(work, begin, place, hadFocus);
      start.disabled = false;
      if (place.contains(document.activeElement) || document.activeElement === document.body) {
        start.focus();
      }
    };
    if (last !== undefined && !isOver(last)) {
      void run(async () => last);
    } else if (last?.state === 'succeeded' && last.kind === 'evaluate') {
      void attempt(async () => place.replaceChildren(await work.show(await getJob(last.id))));
    }
    return el(
      'section',
      { class: 'work' },
      el('h2', {}, work.title),
      el('p', {}, work.about),
      el('p', { class: 'actions' }, start),
      place,
    );
  }

  /** Jobs that were not started on this page, but for example on the command line. */
  #otherView(job: Job): HTMLElement {
    const t = texts.manage.quality;
    const place = el('div', { 'aria-live': 'polite' });
    const title = t.kinds[job.kind] ?? job.kind;
    const show = () => {
      void attempt(() => this.#showState());
      return el('p', {}, t.finished);
    };
    void this.#run({ start: title, show }, async () => job, place, false);
    return el('section', { class: 'work' }, el('h2', {}, title), place);
  }

  /** Shows the progress of a job, and then its result. The job continues if the page is left. */
  async #run(
    { start, show }: Pick<Work, 'start' | 'show'>,
    begin: () => Promise<Job>,
    place: HTMLElement,
    takeFocus: boolean,
  ): Promise<void> {
    const t = texts.manage.quality;
    const { signal } = this.#left;
    const progress = el('progress', { 'aria-label': start });
    const words = el('p', {}, t.waiting);
    place.replaceChildren(progress, words);
    const say = (trouble: string) => place.replaceChildren(el('p', { class: 'trouble' }, trouble));
    await attempt(async () => {
      const { id } = await begin();
      const cancel = button(texts.cancel, 'plain', () => void attempt(() => cancelJob(id)));
      place.append(cancel);
      if (takeFocus) {
        cancel.focus();
      }
      const job = await followJob(id, signal, (at) => {
        words.textContent = at instanceof Problem ? problemWords(at) : progressWords(at);
        if (!(at instanceof Problem) && at.progress !== null) {
          progress.max = Math.max(1, at.progress.total);
          progress.value = at.progress.done;
        }
      }).catch((error: unknown) => {
        if (signal.aborted) {
          return null;
        }
        throw error;
      });
      if (job !== null) {
        place.replaceChildren(
          job.state === 'succeeded' ? await show(job) : el('p', {}, job.error?.detail ?? t.cancelled),
        );
      }
    }, say);
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

  /** One photo whose neighbours suggest another label, which can be accepted, with undo, or dismissed. */
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
