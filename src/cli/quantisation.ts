/** Quantisation as the terminal shows it: what is going on, and how far each stage is. */
import type { QuantiseOptions } from '../training/export/quantise/index.js';
import { note } from './output.js';
import { type ProgressDisplay, showProgress } from './progress.js';

const STAGES = {
  ranges: { text: 'Taking ranges', noun: 'photo' },
  rounding: { text: 'Rounding weights, layer by layer', noun: 'layer' },
};

/** What to hand to `quantise`, and how to take the bar away when it is over. */
export function showQuantisation(quiet: boolean): {
  onProgress: NonNullable<QuantiseOptions['onProgress']>;
  stop(): void;
} {
  let shown: { stage: string; display: ProgressDisplay } | null = null;
  return {
    onProgress(stage, done, total) {
      if (shown?.stage !== stage) {
        shown?.display.stop();
        const { text, noun } = STAGES[stage];
        if (!quiet) note(text);
        shown = { stage, display: showProgress(total, quiet, noun) };
      }
      shown.display.update({ done });
    },
    stop: () => shown?.display.stop(),
  };
}
