/** Shows the stages of quantisation and their progress. */
import type { QuantiseOptions } from '../training/export/quantise/index.js';
import { note } from './print.js';
import { type ProgressDisplay, showProgress } from './progress.js';

const STAGES = {
  ranges: { text: 'Measuring activation ranges', noun: 'photo' },
  rounding: { text: 'Rounding weights', noun: 'layer' },
};

/** Returns the progress callback for `quantise`, and a function that removes the bar. */
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
        if (!quiet) {
          note(text);
        }
        shown = { stage, display: showProgress(total, quiet, noun) };
      }
      shown.display.update({ done });
    },
    stop: () => shown?.display.stop(),
  };
}
