/** Runs a job with live progress and a button to cancel it. */
import type { Job as FinishedJob } from '../../client/wire.js';
import { button, el, errorAlert, fill } from '../dom.js';
import { formatNumber } from '../format.js';
import { attempt } from '../hint.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { cancelJob, followJob, type Job } from './follow-job.js';

function describeProgress({ state, progress }: Pick<Job, 'state' | 'progress'>): string {
  const t = texts.manage.quality;
  if (state === 'paused' || progress === null) {
    return state === 'paused' ? t.paused : t.waiting;
  }
  const { phase, done, total } = progress;
  const name = t.phases[phase] ?? phase;
  return total > 0 ? t.counted(name, formatNumber(done), formatNumber(total)) : name;
}

interface RunningJob {
  /** For screen readers. */
  title: string;
  /** Starts it, or returns one that is running. */
  begin: () => Promise<Job>;
  /** The button that started it, which is disabled meanwhile. */
  opener?: HTMLButtonElement;
  /** Stops following it. */
  signal?: AbortSignal;
}

/** Shows the progress of a job to its end. @returns null if it was left @throws Problem */
async function trackProgress(
  place: HTMLElement,
  { title, begin, signal = new AbortController().signal }: RunningJob,
  takeFocus: boolean,
): Promise<FinishedJob | null> {
  const progress = el('progress', { 'aria-label': title });
  const status = el('p', texts.manage.quality.waiting);
  fill(place, progress, status);
  const { id } = await begin();
  const cancel = button(texts.cancel, 'plain.writes', () => void attempt(() => cancelJob(id)));
  place.append(cancel);
  if (takeFocus) {
    cancel.focus();
  }
  const show = (update: Job | Problem) => {
    if (update instanceof Problem) {
      status.textContent = update.message;
      return;
    }
    status.textContent = describeProgress(update);
    if (update.progress !== null) {
      progress.max = Math.max(1, update.progress.total);
      progress.value = update.progress.done;
    }
  };
  return followJob(id, signal, show).catch((error: unknown) => {
    if (signal.aborted) {
      return null;
    }
    throw error;
  });
}

/**
 * Shows the progress of a job in `place`, and what `finish` makes of its result or what prevented it. The job continues if
 * the page is left.
 *
 * @param finish fills `place` after success
 */
export async function runJob(
  place: HTMLElement,
  running: RunningJob,
  finish: (job: FinishedJob) => unknown,
): Promise<void> {
  const { opener } = running;
  const hadFocus = opener !== undefined && document.activeElement === opener;
  opener?.toggleAttribute('disabled', true);
  await attempt(
    async () => {
      const job = await trackProgress(place, running, hadFocus);
      if (job?.state === 'succeeded') {
        await finish(job);
      } else if (job !== null) {
        fill(place, el('p', job.error?.detail ?? texts.manage.quality.cancelled));
      }
    },
    (message) => fill(place, errorAlert(message)),
  );
  opener?.toggleAttribute('disabled', false);
  if (hadFocus && (place.contains(document.activeElement) || document.activeElement === document.body)) {
    opener.focus();
  }
}
