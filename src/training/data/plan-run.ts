/** Plans all batches of a run, with the seeds of their views. */

/** A batch before its photos are opened. */
export interface PlannedBatch {
  /** Position in the run, from 0. */
  step: number;
  epoch: number;
  /** Photos, by index. */
  photos: readonly number[];
  /** How often the epoch has shown each of them before. Repetitions get different views. */
  turns: readonly number[];
}

/**
 * Plans the batches of a run.
 *
 * @param batchesOf returns the batches of an epoch; the number is the same for all epochs, and the result is reproducible
 * @param epochs number of epochs
 * @param firstStep batches to skip: where a resumed run continues
 * @example planRun((epoch) => drawClassBatches(labels, { classes: 16, perClass: 4, seed, epoch }), 4)
 */
export function* planRun(
  batchesOf: (epoch: number) => number[][],
  epochs: number,
  firstStep = 0,
): Generator<PlannedBatch, void> {
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const shown = new Map<number, number>();
    for (const photos of batchesOf(epoch)) {
      const turns = photos.map((photo) => {
        const before = shown.get(photo) ?? 0;
        shown.set(photo, before + 1);
        return before;
      });
      if (step >= firstStep) {
        yield { step, epoch, photos, turns };
      }
      step++;
    }
  }
}
