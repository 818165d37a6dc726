/** A row of the table of faults. */

/** Creates a row whose counts are all 0. */
export const createRow = (what, limit) => ({
  what,
  limit,
  tried: 0,
  lost: 0,
  wrong: 0,
  crashed: 0,
  serverErrors: 0,
  peakMiB: 0,
  slowestMs: 0,
  notes: [],
});
