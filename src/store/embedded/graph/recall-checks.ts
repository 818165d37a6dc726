/**
 * Decides whether a graph may answer searches: keeps the outcome of its last recall check, when the next is due, and
 * which settings to try if the recall is too low. check-recall.ts measures the recall.
 */
import { GRAPH_SETTINGS, type GraphSettings } from './graph.js';
import type { StagedGraph } from './staged-graph.js';

/** Graphs that find less than this share of the nearest rows are not used. */
const MIN_RECALL = 0.98;
/** A check is due after this many changes or this share of the rows, whichever is more, once no row waits. */
const [EVERY_CHANGES, EVERY_SHARE] = [1000, 0.1];
/** Milliseconds between two checks of a graph, each of which costs about fifty exact scans. */
const PAUSE_MS = 10_000;
/** If less than this share has changed since the graph was built, its settings are to blame for a low recall. */
const FRESH_SHARE = 0.1;

export class RecallChecks {
  /** Share of the nearest rows that the last check found, or null before the first. */
  recall: number | null = null;
  /** Whether searches may use the graph. */
  isTrusted = true;
  /** Whether a check is running. */
  isUnderWay = false;
  /** {@link StagedGraph.changes} at the last check of the current graph; null before the first. */
  #changesAtCheck: number | null = null;
  #checkedAt = 0;

  isDue(staged: StagedGraph, rows: number): boolean {
    if (this.isUnderWay) {
      return false;
    }
    // Check a new graph once it holds nearly all rows; if the old one is not trusted, once it holds all.
    if (this.#changesAtCheck === null) {
      return staged.pending * 10 <= (this.isTrusted ? staged.placed : 0);
    }
    if (performance.now() - this.#checkedAt < PAUSE_MS) {
      return false;
    }
    const changes = staged.changes - this.#changesAtCheck;
    if (staged.pending > 0) {
      return changes > rows;
    }
    return changes > Math.max(EVERY_CHANGES, rows * EVERY_SHARE);
  }

  /** Records the outcome of a check. Returns the settings to rebuild the graph with, if that may help. */
  record(staged: StagedGraph, recall: number): { settings: GraphSettings } | null {
    this.recall = recall;
    this.#changesAtCheck = staged.changes;
    this.#checkedAt = performance.now();
    this.isTrusted = recall >= MIN_RECALL;
    if (this.isTrusted) {
      return null;
    }
    const { settings } = staged.graph;
    if (staged.changes > staged.builtFrom * (1 + FRESH_SHARE)) {
      return { settings };
    }
    const next = GRAPH_SETTINGS[GRAPH_SETTINGS.findIndex(({ M }) => M === settings.M) + 1];
    return next === undefined ? null : { settings: next };
  }

  /** Call it when another graph has replaced the one that was checked. */
  forgetLastCheck(): void {
    this.#changesAtCheck = null;
  }

  /** Call it when the graph was dropped. */
  reset(): void {
    this.forgetLastCheck();
    this.recall = null;
    this.isTrusted = true;
  }
}
