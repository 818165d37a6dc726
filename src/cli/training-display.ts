/** Shows a training run: a bar with loss, rate and remaining time, or a line every few seconds. */
import type { PawdexError } from '../errors.js';
import { formatPercent } from '../evaluation/figures.js';
import type { EvaluationEntry, StepEntry } from '../training/run/training-log.js';
import type { RunReport } from '../training/run/training-run.js';
import { printMessage } from './print.js';
import { type ProgressDisplay, showProgress } from './progress.js';

export class TrainingDisplay implements RunReport {
  readonly #quiet: boolean;
  #shown: { kind: 'phase' | 'steps'; display: ProgressDisplay } | null = null;
  #waited = 0;
  #steps = 0;

  constructor(quiet: boolean) {
    this.#quiet = quiet;
  }

  beginPhase(text: string, total: number, noun?: string): void {
    this.stop();
    if (!this.#quiet) {
      printMessage(text);
    }
    this.#shown = { kind: 'phase', display: showProgress(total, this.#quiet, noun) };
  }

  updatePhase(done: number): void {
    if (this.#shown?.kind === 'phase') {
      this.#shown.display.update({ done });
    }
  }

  reportStep(entry: StepEntry, total: number): void {
    if (this.#shown?.kind !== 'steps') {
      this.stop();
      this.#shown = { kind: 'steps', display: showProgress(total, this.#quiet, 'step') };
    }
    this.#waited += entry.waitShare;
    this.#steps++;
    const notes = [
      `loss ${entry.loss.toFixed(3)}`,
      `epoch ${entry.epoch.toFixed(2)}`,
      `waiting for photos ${formatPercent(this.#waited / this.#steps)}`,
    ];
    this.#shown.display.update({ done: entry.step, notes });
  }

  reportEvaluation({ epoch, share, val }: EvaluationEntry): void {
    this.stop();
    if (this.#quiet) {
      return;
    }
    const unseen =
      val.unseenRecallAt1 === null ? '' : `, recall@1 of unseen labels ${formatPercent(val.unseenRecallAt1)}`;
    const what = share === undefined || share === 1 ? '' : ` (${share} trained, ${1 - share} start)`;
    printMessage(
      `epoch ${epoch.toFixed(2)}${what}: accuracy ${formatPercent(val.top1)}, recall@1 ${formatPercent(val.recallAt1)}${unseen}`,
    );
  }

  reportSkipped(file: string, error: PawdexError): void {
    printMessage(`Skipped ${file}: ${error.message} [${error.code}]`);
  }

  /** Removes the bar. */
  stop(): void {
    this.#shown?.display.stop();
    this.#shown = null;
  }
}
