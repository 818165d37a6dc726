/**
 * Whether a graph may answer: the outcome of its last recall check, when the next is due, and what to try when a
 * graph finds too little. The measuring itself is done in check-recall.ts.
 */
import { GRAPH_SETTINGS, type GraphSettings } from './graph.js';
import type { Staged } from './staged.js';

/** A graph that finds less than this share of the nearest rows is not used. */
const MIN_RECALL = 0.98;
/** A check is due after so many changes, or that share of the rows when it is more, once no row waits. */
const [EVERY_CHANGES, EVERY_SHARE] = [1000, 0.1];
/** Milliseconds between two checks of a graph: each costs some fifty exact scans. */
const PAUSE_MS = 10_000;
/** A graph that has changed by less than this share since it was built fails because of its settings. */
const FRESH_SHARE = 0.1;

export class RecallChecks {
  /** Share of the nearest rows that the last check found, or null before the first. */
  recall: number | null = null;
  /** Whether searches may use the graph. */
  isTrusted = true;
  /** Whether a check is running. */
  isUnderWay = false;
  /** {@link Staged.changes} at the last check of the present graph; null before the first. */
  #changesAtCheck: number | null = null;
  #checkedAt = 0;

  isDue(staged: Staged, rows: number): boolean {
    if (this.isUnderWay) {
      return false;
    }
    // The first check of a graph comes as soon as it holds nearly all rows, and at once if searches wait for it.
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

  /** Notes the outcome of a check. @returns the settings to rebuild the graph with, when that may help */
  note(staged: Staged, recall: number): { settings: GraphSettings } | null {
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

  /** Another graph has taken the place of the one that was checked. */
  replaced(): void {
    this.#changesAtCheck = null;
  }

  /** There is no graph any more. */
  reset(): void {
    this.replaced();
    this.recall = null;
    this.isTrusted = true;
  }
}
