/** The batches of a whole run, one after the other, with what each needs to draw its views. */

/** A batch before its photos are opened. */
export interface PlannedBatch {
  /** Place in the run, from 0. */
  step: number;
  epoch: number;
  /** Photos, by index. */
  photos: readonly number[];
  /** How often the epoch has shown each of them before: another turn gets other views. */
  turns: readonly number[];
}

/**
 * The batches of a run.
 *
 * @param batchesOf the batches of an epoch; equally many in each, and the same whenever it is asked
 * @param epochs how many
 * @param firstStep batches to leave out: where a resumed run goes on
 * @example planRun((epoch) => classBatches(labels, { classes: 16, perClass: 4, seed, epoch }), 4)
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
      if (step >= firstStep) yield { step, epoch, photos, turns };
      step++;
    }
  }
}
