/** Progress of long work on stderr: a bar where somebody watches, a line now and then where it goes to a file. */
import cliProgress from 'cli-progress';
import type { Progress as WorkProgress } from '../evaluation/collection-queries.js';
import { formatCount, formatSeconds, note } from './output.js';

/** Seconds between lines when there is no terminal. */
const LINE_EVERY = 5;
/** Seconds over which the rate is taken, so that time left follows what happens now. */
const WINDOW = 15;

/** How far long work is. */
export interface Progress {
  done: number;
  skipped?: number;
  failed?: number;
  /** More to say, such as a loss. */
  notes?: readonly string[];
}

/** Shows how far long work is. */
export interface ProgressDisplay {
  update(progress: Readonly<Progress>): void;
  stop(): void;
}

/** What is done per second over the last moments. */
export class RateMeter {
  #marks: { at: number; done: number }[] = [];

  /**
   * @param done how many are done
   * @param at seconds, from any fixed point
   * @returns per second; 0 before there is anything to compare with
   */
  measure(done: number, at: number): number {
    this.#marks.push({ at, done });
    while (this.#marks.length > 2 && this.#marks[0]!.at < at - WINDOW) this.#marks.shift();
    const first = this.#marks[0]!;
    return at > first.at ? (done - first.done) / (at - first.at) : 0;
  }
}

/**
 * A bar, lines or silence, whichever fits.
 *
 * @param total how much there is to do
 * @param noun what is counted
 */
export function showProgress(total: number, quiet: boolean, noun = 'photo'): ProgressDisplay {
  if (quiet) return { update() {}, stop() {} };
  return process.stderr.isTTY ? bar(total, noun) : lines(total, noun);
}

/** Shows work that goes through phases, each with a total of its own. */
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

function describe(
  { done, skipped = 0, failed = 0, notes = [] }: Readonly<Progress>,
  total: number,
  noun: string,
  rate: number,
): string {
  const left = rate > 0 ? `${formatSeconds((total - done) / rate)} left` : 'starting';
  const parts = [...notes, `${rate.toFixed(rate < 10 ? 1 : 0)} ${noun}s/s`, left];
  if (skipped > 0) parts.push(`${formatCount(skipped)} known`);
  if (failed > 0) parts.push(`${formatCount(failed)} failed`);
  return parts.join(', ');
}

function bar(total: number, noun: string): ProgressDisplay {
  const shown = new cliProgress.SingleBar(
    {
      stream: process.stderr,
      clearOnComplete: true,
      hideCursor: true,
      gracefulExit: false,
      fps: 10,
      format: (options, { progress, value }, payload: { text?: string }) =>
        `${cliProgress.Format.BarFormat(progress, options)} ${Math.floor(progress * 100)} % | ${formatCount(value)} of ${formatCount(total)} | ${payload.text ?? ''}`,
    },
    cliProgress.Presets.shades_classic,
  );
  const meter = new RateMeter();
  meter.measure(0, performance.now() / 1000);
  shown.start(total, 0, { text: 'starting' });
  return {
    update(progress) {
      const rate = meter.measure(progress.done, performance.now() / 1000);
      shown.update(progress.done, { text: describe(progress, total, noun, rate) });
    },
    stop: () => shown.stop(),
  };
}

function lines(total: number, noun: string): ProgressDisplay {
  const meter = new RateMeter();
  let last = performance.now() / 1000;
  meter.measure(0, last);
  return {
    update(progress) {
      const now = performance.now() / 1000;
      if (now - last < LINE_EVERY) return;
      last = now;
      const rate = meter.measure(progress.done, now);
      note(
        `${formatCount(progress.done)} of ${formatCount(total)} ${noun}s, ${describe(progress, total, noun, rate)}`,
      );
    },
    stop() {},
  };
}
