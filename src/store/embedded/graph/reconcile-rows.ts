/** Brings a graph that was saved earlier up to date with the rows of the database. */
import type { Rows } from '../vectors/rows.js';
import type { SavedGraph } from './graph-file.js';
import { StagedGraph } from './staged-graph.js';

/** Number of rows whose vectors are compared with those in the graph. */
const SAMPLE = 32;
const TOLERANCE = 1e-4;

/**
 * Marks the nodes whose rows were deleted and queues the rows that were added later.
 *
 * @returns the graph with its groups and its queue, or a clause that says why it does not match the rows
 */
export function reconcileRows(saved: SavedGraph, rows: Rows): StagedGraph | string {
  const { graph, lastSeq } = saved;
  const sequence = rows.listSeqs();
  const newer = sequence.findIndex((seq) => seq > lastSeq);
  const expected = newer === -1 ? sequence.length : newer;
  const queue = Array.from(sequence.subarray(expected));
  const staged = new StagedGraph(graph, rows, queue, { builtFrom: 0, expectsCrowds: saved.members.size > 0 });
  for (const node of graph.listSeqs()) {
    staged.restore(node, listMembers(saved, node, rows));
    saved.members.delete(node);
  }
  staged.lastSeq = lastSeq;
  if (saved.members.size > 0) {
    return 'nodes of its groups are missing';
  }
  if (staged.placed !== expected) {
    return `it holds ${staged.placed} rows instead of ${expected}`;
  }
  const stored = new Array<number>(rows.dimension).fill(0);
  for (let i = 0; i < Math.min(SAMPLE, expected); i++) {
    const seq = sequence[Math.floor((i * expected) / SAMPLE)]!;
    rows.read(seq, stored);
    if (!staged.isNode(seq)) {
      continue;
    }
    const point = graph.getVector(seq);
    if (stored.some((x, j) => !(Math.abs(x - point[j]!) < TOLERANCE))) {
      return 'its vectors differ from those in the database';
    }
  }
  return staged;
}

/** Lists the members of a node's group that still exist, with their similarity to the node. */
function listMembers(
  { graph, members }: SavedGraph,
  node: number,
  rows: Rows,
): { seq: number; cosine: number }[] {
  const seqs = members.get(node)?.filter((seq) => rows.has(seq)) ?? [];
  if (seqs.length === 0) {
    return [];
  }
  const point = graph.getVector(node);
  const vector = new Array<number>(rows.dimension).fill(0);
  return seqs.map((seq) => {
    rows.read(seq, vector);
    return { seq, cosine: vector.reduce((sum, x, i) => sum + x * point[i]!, 0) };
  });
}
