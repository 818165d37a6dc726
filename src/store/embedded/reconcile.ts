/** Bringing a graph that was saved some time ago in line with the rows of the database. */
import type { Graph } from './graph.js';
import type { Rows } from './rows.js';
import { Staged } from './staged.js';

/** Rows whose vectors are compared with the graph's. */
const SAMPLE = 32;
const TOLERANCE = 1e-4;

/**
 * Marks the nodes whose rows are gone and queues the rows that came later.
 *
 * @returns the graph with its queue, or in words why it does not belong to these rows
 */
export function reconcile(graph: Graph, rows: Rows): Staged | string {
  const sequence = rows.sequence();
  const newer = sequence.findIndex((seq) => seq > graph.lastSeq);
  const expected = newer === -1 ? sequence.length : newer;
  let alive = 0;
  for (const seq of graph.sequence()) {
    if (rows.has(seq)) alive++;
    else graph.remove(seq);
  }
  if (alive !== expected) return `it holds ${alive} of the ${expected} rows it should`;
  const stored = new Array<number>(rows.dimension).fill(0);
  for (let i = 0; i < Math.min(SAMPLE, expected); i++) {
    const seq = sequence[Math.floor((i * expected) / SAMPLE)]!;
    rows.read(seq, stored);
    const point = graph.point(seq);
    if (stored.some((x, j) => !(Math.abs(x - point[j]!) < TOLERANCE)))
      return 'its vectors are not those of the database';
  }
  return new Staged(graph, rows, Array.from(sequence.subarray(expected)));
}
