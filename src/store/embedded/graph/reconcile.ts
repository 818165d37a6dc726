/** Bringing a graph that was saved some time ago in line with the rows of the database. */
import type { Rows } from '../vectors/rows.js';
import type { SavedGraph } from './graph-snapshot.js';
import { Staged } from './staged.js';

/** Rows whose vectors are compared with the graph's. */
const SAMPLE = 32;
const TOLERANCE = 1e-4;

/**
 * Marks the nodes whose rows are gone and queues the rows that came later.
 *
 * @returns the graph with its groups and its queue, or in words why it does not belong to these rows
 */
export function reconcileRows(saved: SavedGraph, rows: Rows): Staged | string {
  const { graph, lastSeq } = saved;
  const sequence = rows.sequence();
  const newer = sequence.findIndex((seq) => seq > lastSeq);
  const expected = newer === -1 ? sequence.length : newer;
  const queue = Array.from(sequence.subarray(expected));
  const staged = new Staged(graph, rows, queue, { builtFrom: 0, isCrowded: saved.members.size > 0 });
  for (const node of graph.sequence()) {
    staged.restore(node, listMembers(saved, node, rows));
    saved.members.delete(node);
  }
  staged.lastSeq = lastSeq;
  if (saved.members.size > 0) {
    return 'it lacks nodes that its groups belong to';
  }
  if (staged.placed !== expected) {
    return `it holds ${staged.placed} of the ${expected} rows it should`;
  }
  const stored = new Array<number>(rows.dimension).fill(0);
  for (let i = 0; i < Math.min(SAMPLE, expected); i++) {
    const seq = sequence[Math.floor((i * expected) / SAMPLE)]!;
    rows.read(seq, stored);
    if (!staged.isNode(seq)) {
      continue;
    }
    const point = graph.point(seq);
    if (stored.some((x, j) => !(Math.abs(x - point[j]!) < TOLERANCE))) {
      return 'its vectors are not those of the database';
    }
  }
  return staged;
}

/** The members of a node's group that are still there, with their similarity to the node. */
function listMembers(
  { graph, members }: SavedGraph,
  node: number,
  rows: Rows,
): { seq: number; cosine: number }[] {
  const seqs = members.get(node)?.filter((seq) => rows.has(seq)) ?? [];
  if (seqs.length === 0) {
    return [];
  }
  const point = graph.point(node);
  const vector = new Array<number>(rows.dimension).fill(0);
  return seqs.map((seq) => {
    rows.read(seq, vector);
    return { seq, cosine: vector.reduce((sum, x, i) => sum + x * point[i]!, 0) };
  });
}
