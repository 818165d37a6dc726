/** Long work on a collection from its page: calibrate, measure, look for wrong labels; with progress and its result. */
import type { CalibrationOutcome } from '../../evaluation/calibrate-collection.js';
import type { CollectionEvaluation } from '../../evaluation/evaluate-collection.js';
import type { LabelTrouble, Suspect } from '../../evaluation/label-trouble.js';
import type { Job, JobKind } from '../../jobs/job.js';
import { call, thumbnailUrl } from '../api.js';
import { button, el, icon } from '../dom.js';
import { count, humanise, percent } from '../format.js';
import { hint } from '../hint.js';
import { Problem } from '../problem.js';
import { relabel } from './store-panel.js';

/** How often a job is looked at, in milliseconds. */
const LOOK_MS = 500;
/** Wrong labels that are shown: as many as a person works through at once. */
const MOST_SUSPECTS = 50;
/** Similarity from which two photos are one picture, for the shipped model. */
const SAME_FROM = 0.95;

const PHASES = {
  waiting: 'Waiting for the search index',
  reading: 'Reading the photos',
  asking: 'Asking its own photos',
  'non-pets': 'Asking other photos',
  computing: 'Computing',
  listing: 'Listing the photos',
  indexing: 'Indexing the photos',
  writing: 'Writing',
};

const isOver = ({ state }: Job) => state === 'succeeded' || state === 'failed' || state === 'cancelled';
const read = async (answer: Response) => (await answer.json()) as Job;

/** Starts a job and follows it to its end. @throws Problem */
async function run(request: object, signal: AbortSignal, onLook: (job: Job) => void): Promise<Job> {
  let job = await read(await call('v1/jobs', { method: 'POST', json: request }));
  const path = `v1/jobs/${job.id}`;
  const cancel = () => void call(path, { method: 'DELETE', keepalive: true }).catch(() => undefined);
  signal.addEventListener('abort', cancel, { once: true });
  while (!isOver(job)) {
    onLook(job);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    job = await read(await call(path));
  }
  signal.removeEventListener('abort', cancel);
  return job;
}

const share = (value: number | null) => (value === null ? 'None' : percent(value));

function calibrated({ calibration, queries, needed }: CalibrationOutcome): HTMLElement {
  return el(
    'p',
    {},
    calibration === null
      ? `There is too little to calibrate with: ${count(queries, 'labelled photo')}, of ${needed} that are needed.`
      : `Calibrated by asking ${count(queries, 'photo')} of its own. Answers now say how likely they are right.`,
  );
}

function measured({ n, top1, recallAt }: CollectionEvaluation): HTMLElement {
  if (n === 0) {
    return el('p', {}, 'No label has two photos, so that none can be asked for another.');
  }
  return el(
    'ul',
    { class: 'measured' },
    el('li', {}, `${count(n, 'photo')} of its own asked, each without itself`),
    el('li', {}, `${share(top1)} got the right label first`),
    el('li', {}, `${share(recallAt[1])} have a nearest photo of the right label`),
  );
}

/** One photo whose neighbours say another label, to be accepted or kept. */
function suspectRow(collection: string, suspect: Suspect, onChange: () => void): HTMLLIElement {
  const { id, label, suggested, suggestedShare } = suspect;
  const frame = el('span', { class: 'item-frame' }, icon('paw'));
  thumbnailUrl(collection, id).then(
    (url) => frame.replaceChildren(el('img', { alt: '', src: url })),
    (error: unknown) => {
      if (!(error instanceof Problem)) {
        throw error;
      }
    },
  );
  const row = el(
    'li',
    { class: 'suspect' },
    frame,
    el(
      'span',
      {},
      el('bdi', {}, humanise(label)),
      ', but its neighbours say ',
      el('bdi', {}, el('strong', {}, humanise(suggested))),
      ` (${percent(suggestedShare)} of the vote)`,
    ),
  );
  const accept = async () => {
    try {
      await relabel(collection, [{ id, label: suggested }]);
      row.remove();
      onChange();
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      hint(`${error.title} ${error.hint ?? ''}`);
    }
  };
  row.append(
    el(
      'span',
      { class: 'actions' },
      button('Relabel it', 'plain', () => void accept()),
      button('Keep it', 'plain', () => row.remove()),
    ),
  );
  return row;
}

function trouble(collection: string, found: LabelTrouble, onChange: () => void): HTMLElement {
  const { suspects, photos } = found;
  const words =
    suspects.length === 0
      ? `Nothing looks wrong among ${count(photos, 'labelled photo')}.`
      : `Of ${count(photos, 'photo')}, ${found.found.suspects} ${
          found.found.suspects === 1 ? 'disagrees with its' : 'disagree with their'
        } neighbours${found.found.suspects > suspects.length ? `; the ${suspects.length} worst:` : ':'}`;
  const rows = suspects.map((suspect) => suspectRow(collection, suspect, onChange));
  return el('div', {}, el('p', {}, words), el('ul', { class: 'suspects' }, ...rows));
}

/** What can be started, and how its result is shown. */
function kinds(collection: string, onChange: () => void) {
  return [
    {
      kind: 'calibrate',
      text: 'Calibrate',
      request: {},
      show: (result: unknown) => {
        onChange();
        return calibrated(result as CalibrationOutcome);
      },
    },
    {
      kind: 'evaluate',
      text: 'Measure',
      request: {},
      show: (result: unknown) => measured(result as CollectionEvaluation),
    },
    {
      kind: 'check-labels',
      text: 'Look for wrong labels',
      request: { threshold: SAME_FROM, limit: MOST_SUSPECTS },
      show: (result: unknown) => trouble(collection, result as LabelTrouble, onChange),
    },
  ] satisfies { kind: JobKind; text: string; request: object; show: (result: unknown) => HTMLElement }[];
}

/**
 * The part of a collection's page for long work.
 *
 * @param signal ends what is under way when the page is left
 * @param onChange called when the collection was changed
 */
export function jobsView(collection: string, signal: AbortSignal, onChange: () => void): HTMLElement {
  const place = el('div', { 'aria-live': 'polite' });
  const start = async (choice: ReturnType<typeof kinds>[number]) => {
    const { kind, request, show } = choice;
    const stop = new AbortController();
    const progress = el('progress', { 'aria-label': choice.text });
    const words = el('p', {}, 'Waiting for its turn');
    place.replaceChildren(
      progress,
      words,
      button('Cancel', 'plain', () => stop.abort()),
    );
    const onLook = ({ progress: done }: Job) => {
      if (done === null) {
        return;
      }
      words.textContent = PHASES[done.phase];
      progress.max = Math.max(1, done.total);
      progress.value = done.done;
    };
    try {
      const both = AbortSignal.any([signal, stop.signal]);
      const job = await run({ kind, collection, ...request }, both, onLook);
      if (signal.aborted) {
        return;
      }
      if (job.state === 'succeeded') {
        place.replaceChildren(show(job.result));
      } else {
        place.replaceChildren(el('p', {}, job.error?.detail ?? 'Cancelled.'));
      }
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      place.replaceChildren(el('p', { class: 'trouble' }, `${error.title} ${error.hint ?? ''}`));
    }
  };
  const buttons = kinds(collection, onChange).map((choice) =>
    button(choice.text, 'plain', () => void start(choice)),
  );
  return el(
    'details',
    { class: 'adding' },
    el('summary', {}, 'How good is it?'),
    el(
      'p',
      {},
      'Calibrating finds out how far its answers can be trusted, by asking it for its own labelled photos.',
    ),
    el('p', { class: 'actions' }, ...buttons),
    place,
  );
}
