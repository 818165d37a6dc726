/** The quality of a collection: calibrate, evaluate and find wrong labels, with live progress and the result. */
import { SIMILAR_PICTURE } from '../../breeds/same-picture.js';
import type { Job as FinishedJob } from '../../client/wire.js';
import type { CalibrationOutcome } from '../../evaluation/calibrate-collection.js';
import type { CollectionEvaluation } from '../../evaluation/evaluate-collection.js';
import type { LabelTrouble, Suspect } from '../../evaluation/label-trouble.js';
import type { JobRequest } from '../../jobs/job-request.js';
import { readBlob } from '../api.js';
import { button, el, fill, removeRow } from '../dom.js';
import { formatCount, formatLabel, formatPercent } from '../format.js';
import { attempt } from '../hint.js';
import { texts } from '../texts/texts.js';
import { itemPicture } from '../views/item-picture.js';
import { CollectionPage } from './collection-page.js';
import { getJob, isOver, type Job, listJobs, startJob } from './follow-job.js';
import { relabel } from './manage-calls.js';
import { runJob } from './run-job.js';
import { offerUndo } from './undo.js';

/** Maximum number of wrong labels shown: as many as a user works through in one go. */
const MAX_SUSPECTS = 50;

/** A kind of job, with its texts and the view of its result. */
interface Work {
  title: string;
  about: string;
  start: string;
  request: JobRequest;
  show: (job: FinishedJob) => HTMLElement | Promise<HTMLElement>;
}

function calibrationResult({ result }: FinishedJob): HTMLElement {
  const { calibration, queries, needed } = result as CalibrationOutcome;
  const t = texts.manage.quality;
  const message =
    calibration === null
      ? t.tooLittle(formatCount(queries, 'labelled photo'), needed)
      : t.calibrated(formatCount(queries, 'photo'));
  return el('p', message);
}

const formatShare = (value: number | null) =>
  value === null ? texts.manage.quality.none : formatPercent(value);

/**
 * Shows the report of an evaluation in a frame without scripts and without this page's origin. The frame gets a copy rather
 * than the URL, because it could not send an API key.
 *
 * @throws Problem job_not_found, report_not_found
 */
async function showReport(job: string, place: HTMLElement): Promise<void> {
  const t = texts.manage.quality;
  const report = await readBlob(`v1/jobs/${encodeURIComponent(job)}/report`);
  const url = URL.createObjectURL(new Blob([report], { type: 'text/html;charset=utf-8' }));
  const frame = el('iframe.report.surface', { sandbox: '', title: t.report, src: url });
  fill(
    place,
    el('p', el('a.button.plain', { href: url, download: 'pawdex-report.html' }, t.download)),
    frame,
  );
  frame.focus();
}

async function evaluationResult({ id, result }: FinishedJob): Promise<HTMLElement> {
  const { n, top1, recallAt } = result as CollectionEvaluation;
  const t = texts.manage.quality;
  if (n === 0) {
    return el('p', t.noPairs);
  }
  const place = el('div');
  const open = button(t.openReport, 'primary', () => void attempt(() => showReport(id, place)));
  return el(
    'div',
    el(
      'ul.measured',
      el('li', t.asked(formatCount(n, 'photo'))),
      el('li', t.rightFirst(formatShare(top1))),
      el('li', t.rightNearest(formatShare(recallAt[1]))),
    ),
    el('p.actions', open),
    place,
  );
}

/** The page at `#/collections/NAME/quality`. */
export class QualityPage extends CollectionPage {
  constructor(name: string) {
    super(name, 'quality');
  }

  async open(): Promise<void> {
    const [jobs, { gallery }] = await Promise.all([listJobs(this.name), this.showState()]);
    const works = this.#works(gallery !== null);
    const others = jobs.filter(
      (job) => !isOver(job) && works.every(({ request }) => request.kind !== job.kind),
    );
    const last = ({ request }: Work) => jobs.find(({ kind }) => kind === request.kind);
    this.element.append(
      ...others.map((job) => this.#otherView(job)),
      ...works.map((work) => this.#workView(work, last(work))),
    );
  }

  /** @param isShipped whether the collection came with a calibration, which a fit to its own photos would spoil */
  #works(isShipped: boolean): Work[] {
    const t = texts.manage.quality;
    const { name: collection } = this;
    return [
      {
        ...t.calibrate,
        about: isShipped ? t.calibrateShipped : t.calibrate.about,
        request: { kind: 'calibrate', collection },
        show: (job) => {
          void attempt(() => this.showState());
          return calibrationResult(job);
        },
      },
      { ...t.evaluate, request: { kind: 'evaluate', collection }, show: evaluationResult },
      {
        ...t.check,
        request: { kind: 'check-labels', collection, threshold: SIMILAR_PICTURE, limit: MAX_SUSPECTS },
        show: ({ result }) => this.#suspectList(result as LabelTrouble),
      },
    ];
  }

  /** @param last the newest job of this kind: followed if it is running, else its result is shown */
  #workView(work: Work, last: Job | undefined): HTMLElement {
    const place = el('div', { 'aria-live': 'polite' });
    const opener = button(work.start, 'plain.writes', () => void run(() => startJob(work.request)));
    const { signal } = this.left;
    const show = async (job: FinishedJob) => fill(place, await work.show(job));
    const run = (begin: () => Promise<Job>) =>
      runJob(place, { title: work.start, begin, opener, signal }, show);
    if (last !== undefined && !isOver(last)) {
      void run(async () => last);
    } else if (last?.state === 'succeeded' && last.kind === 'evaluate') {
      void attempt(async () => show(await getJob(last.id)));
    }
    return el(
      'section.work.surface',
      el('h2', work.title),
      el('p', work.about),
      el('p.actions', opener),
      place,
    );
  }

  /** Jobs that were not started on this page, but for example on the command line. */
  #otherView(job: Job): HTMLElement {
    const t = texts.manage.quality;
    const place = el('div', { 'aria-live': 'polite' });
    const title = t.kinds[job.kind] ?? job.kind;
    void runJob(place, { title, begin: async () => job, signal: this.left.signal }, async () => {
      fill(place, el('p', t.finished));
      await this.showState();
    });
    return el('section.work.surface', el('h2', title), place);
  }

  #suspectList({ suspects, photos, found }: LabelTrouble): HTMLElement {
    const t = texts.manage.quality;
    const summary =
      suspects.length === 0
        ? t.nothingWrong(formatCount(photos, 'labelled photo'))
        : t.suspects(formatCount(photos, 'photo'), found.suspects, suspects.length);
    return el(
      'div',
      el('p', summary),
      el(
        'ul.suspects',
        suspects.map((each) => this.#suspectRow(each)),
      ),
    );
  }

  /** One photo whose neighbours suggest another label, which can be accepted, with undo, or dismissed. */
  #suspectRow({ id, label, suggested, suggestedShare }: Suspect): HTMLLIElement {
    const t = texts.manage.quality;
    const give = (wanted: string | null) => attempt(() => relabel(this.name, [{ id, label: wanted }]));
    const accept = async () => {
      const parent = row.parentElement!;
      const after = row.nextElementSibling;
      if (await give(suggested)) {
        removeRow(row);
        offerUndo(texts.manage.undo.relabelled(1, formatLabel(suggested)), () => {
          void give(label).then((isDone) => isDone && parent.insertBefore(row, after));
        });
      }
    };
    const finding = t.suspect(el('bdi', formatLabel(label)), el('bdi', el('strong', formatLabel(suggested))));
    const row = el(
      'li.suspect.compact',
      itemPicture('span.item-frame', this.name, { id, hasThumbnail: true }),
      el('span', finding, ` ${t.vote(formatPercent(suggestedShare))}`),
      el(
        'span.actions',
        button(texts.manage.selection.relabel, 'plain.writes', () => void accept()),
        button(t.reject, 'plain', () => removeRow(row)),
      ),
    );
    return row;
  }
}
