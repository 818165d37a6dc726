/** Shows the progress of long work on stderr: a bar on a terminal, otherwise a line every few seconds. */
import cliProgress from 'cli-progress';
import type { Progress as WorkProgress } from '../evaluation/collection-queries.js';
import { formatCount, formatSeconds, note } from './print.js';

/** Seconds between lines when there is no terminal. */
const LINE_INTERVAL = 5;
/** Seconds over which the rate is measured, so that the remaining time follows recent speed. */
const RATE_WINDOW = 15;

/** The state of long work. */
export interface Progress {
  done: number;
  skipped?: number;
  failed?: number;
  /** More to show, such as a loss. */
  notes?: readonly string[];
}

/** A bar, lines or nothing. */
export interface ProgressDisplay {
  update(progress: Readonly<Progress>): void;
  stop(): void;
}

/** Measures how much is done per second, over the last few seconds. */
export class RateMeter {
  #marks: { at: number; done: number }[] = [];

  /**
   * @param done how many are done
   * @param at seconds since any fixed point
   * @returns how many per second; 0 at the first call
   */
  measure(done: number, at: number): number {
    this.#marks.push({ at, done });
    while (this.#marks.length > 2 && this.#marks[0]!.at < at - RATE_WINDOW) {
      this.#marks.shift();
    }
    const first = this.#marks[0]!;
    return at > first.at ? (done - first.done) / (at - first.at) : 0;
  }
}

/**
 * Shows progress in the way that fits stderr.
 *
 * @param total how much there is to do
 * @param noun what is counted, in the singular
 */
export function showProgress(total: number, quiet: boolean, noun = 'photo'): ProgressDisplay {
  if (quiet) {
    return { update() {}, stop() {} };
  }
  return process.stderr.isTTY ? createBar(total, noun) : createLines(total, noun);
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

function describeProgress(
  { done, skipped = 0, failed = 0, notes = [] }: Readonly<Progress>,
  total: number,
  noun: string,
  rate: number,
): string {
  const left = rate > 0 ? `${formatSeconds((total - done) / rate)} left` : 'starting';
  const parts = [...notes, `${rate.toFixed(rate < 10 ? 1 : 0)} ${noun}s/s`, left];
  if (skipped > 0) {
    parts.push(`${formatCount(skipped)} already there`);
  }
  if (failed > 0) {
    parts.push(`${formatCount(failed)} failed`);
  }
  return parts.join(', ');
}

function createBar(total: number, noun: string): ProgressDisplay {
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
      shown.update(progress.done, { text: describeProgress(progress, total, noun, rate) });
    },
    stop: () => shown.stop(),
  };
}

function createLines(total: number, noun: string): ProgressDisplay {
  const meter = new RateMeter();
  let last = performance.now() / 1000;
  meter.measure(0, last);
  return {
    update(progress) {
      const now = performance.now() / 1000;
      if (now - last < LINE_INTERVAL) {
        return;
      }
      last = now;
      const rate = meter.measure(progress.done, now);
      note(
        `${formatCount(progress.done)} of ${formatCount(total)} ${noun}s, ${describeProgress(progress, total, noun, rate)}`,
      );
    },
    stop() {},
  };
}
