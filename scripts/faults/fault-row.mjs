/** A row of the table of faults, and how answers are counted in it. */

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

/** Whether an answer blames the server: any 5xx except 503, which says that it is busy. */
const isServerError = ({ status }) => status >= 500 && status !== 503;

/** Adds an answer to a row, with a note if it is wrong. `isTimed`: whether its time counts towards the slowest. */
export function countAnswer(row, name, answer, isRight, isTimed = true) {
  row.tried++;
  if (isTimed) {
    row.slowestMs = Math.max(row.slowestMs, answer.ms);
  }
  if (isServerError(answer)) {
    row.serverErrors++;
  }
  if (!isRight) {
    row.wrong++;
  }
  if (isServerError(answer) || !isRight) {
    row.notes.push(`${name}: ${answer.status} ${answer.code ?? ''}`);
  }
}

/** Records the peak memory of a server and whether it is alive. */
export async function countLife(row, server) {
  row.peakMiB = Math.max(row.peakMiB, server.takeTreePeakMiB());
  if (server.hasDied()) {
    row.crashed++;
  }
}

/**
 * Attacks a server and counts in a row what happens. Nothing may go wrong, and the server may take one GiB; `limits` adds
 * others. `stallMs` is that of the longest wait for a probe since the start, or since the attack has reset the probe.
 */
export async function attackServer(server, what, limits, attack) {
  const row = createRow(what, { wrong: 0, crashed: 0, serverErrors: 0, peakMiB: 1024, ...limits });
  server.resetProbe();
  await attack(row);
  if (limits.stallMs !== undefined) {
    row.stallMs = await server.longestWait();
  }
  await countLife(row, server);
  return row;
}
