/** Shows the progress of long work on stderr: a bar on a terminal, otherwise a line every few seconds. */
import cliProgress from 'cli-progress';
import type { WorkProgress } from '../evaluation/collection-work.js';
import { type Pace, PaceMeter } from '../math/pace-meter.js';
import { formatCount, formatSeconds, pluralise, printMessage, setBarShown } from './print.js';

/** Time between lines when there is no terminal. */
const LINE_INTERVAL_MS = 5_000;
/** Largest width of a line. A longer one wraps, and the bar would then fill the screen with copies. */
const MAX_COLUMNS = 80;
const BAR_COLUMNS = 20;

/** The state of long work. */
export interface Progress {
  done: number;
  skipped?: number;
  failed?: number;
  /** Text to append, such as a loss. */
  notes?: readonly string[];
}

/** Shows progress as a bar, as lines, or not at all. */
export interface ProgressDisplay {
  update(progress: Readonly<Progress>): void;
  stop(): void;
}

/**
 * Shows progress in the form that suits stderr.
 *
 * @param total how much there is to do
 * @param noun what is counted, in the singular
 */
export function showProgress(total: number, quiet: boolean, noun = 'photo'): ProgressDisplay {
  if (quiet) {
    return { update() {}, stop() {} };
  }
  const meter = new PaceMeter();
  meter.measure({ done: 0, total }, performance.now() / 1000);
  const { columns, show, stop } = process.stderr.isTTY ? createBar(total) : createLines();
  return {
    update(progress) {
      const pace = meter.measure({ ...progress, total }, performance.now() / 1000);
      show(progress.done, formatProgress(progress, { total, noun, pace, columns }));
    },
    stop,
  };
}

/** Shows the progress of `work` while it runs. */
export async function withProgress<T>(
  total: number,
  quiet: boolean,
  work: (update: ProgressDisplay['update']) => Promise<T>,
): Promise<T> {
  const display = showProgress(total, quiet);
  return work((progress) => display.update(progress)).finally(() => display.stop());
}

/** Shows the progress of work in several phases, each with its own total. */
export function showPhases(quiet: boolean): { update(progress: WorkProgress): void; stop(): void } {
  let shown: { phase: WorkProgress['phase']; display: ProgressDisplay } | null = null;
  return {
    update({ phase, done, total }) {
      if (shown?.phase !== phase) {
        shown?.display.stop();
        shown = { phase, display: showProgress(total, quiet) };
      }
      shown.display.update({ done });
    },
    stop: () => shown?.display.stop(),
  };
}

/**
 * Describes progress in a line: `4,300 of 10,000 photos, 105/s, 54 s left, 1,200 known, 3 failed`.
 *
 * @param columns largest width of the line
 */
export function formatProgress(
  { done, skipped = 0, failed = 0, notes = [] }: Readonly<Progress>,
  { total, noun, pace, columns }: { total: number; noun: string; pace: Pace; columns: number },
): string {
  const { perSecond, secondsLeft } = pace;
  const parts = [`${formatCount(done)} of ${pluralise(total, noun)}`, ...notes];
  if (perSecond !== null) {
    parts.push(
      perSecond < 0.1
        ? `${(60 * perSecond).toFixed(1)}/min`
        : `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`,
    );
  }
  if (secondsLeft !== null && done < total) {
    parts.push(`${formatSeconds(secondsLeft)} left`);
  }
  if (skipped > 0) {
    parts.push(`${formatCount(skipped)} known`);
  }
  if (failed > 0) {
    parts.push(`${formatCount(failed)} failed`);
  }
  const line = parts.join(', ');
  return line.length > columns ? `${line.slice(0, columns - 1)}…` : line;
}

/** A place to show a line about progress, of up to `columns` characters. */
interface Line {
  columns: number;
  show: (done: number, text: string) => void;
  stop: () => void;
}

function createBar(total: number): Line {
  const bar = new cliProgress.SingleBar(
    {
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      fps: 10,
      barsize: BAR_COLUMNS,
      // Redraw even without progress: the text changes with time, and a message may have replaced the bar.
      forceRedraw: true,
      format: (options, { progress }, payload: { text?: string }) =>
        `${cliProgress.Format.BarFormat(progress, options)} ${Math.floor(progress * 100)} % ${payload.text ?? ''}`,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { text: 'starting' });
  setBarShown(true);
  return {
    columns: Math.min(MAX_COLUMNS, process.stderr.columns || MAX_COLUMNS) - BAR_COLUMNS - 8,
    show: (done, text) => bar.update(done, { text }),
    stop() {
      setBarShown(false);
      bar.stop();
    },
  };
}

/** Prints a line every few seconds. */
function createLines(): Line {
  let last = performance.now();
  return {
    columns: MAX_COLUMNS,
    show(_, text) {
      const now = performance.now();
      if (now - last >= LINE_INTERVAL_MS) {
        last = now;
        printMessage(text);
      }
    },
    stop() {},
  };
}
