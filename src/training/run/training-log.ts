/** The log of a run: one JSON object per line, for people, plots and spreadsheets. */
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';

export type LogEntry = StepEntry | EvaluationEntry;

/** Written after every step. */
export interface StepEntry {
  step: number;
  /** Passes over the photos so far, with fractions. */
  epoch: number;
  loss: number;
  /** Norm of all gradients together, before clipping. */
  gradientNorm: number;
  learningRate: number;
  imagesPerSecond: number;
  /** Share of the step's time that was spent waiting for views, 0..1. */
  waitShare: number;
}

/** Written after every evaluation. */
export interface EvaluationEntry {
  step: number;
  epoch: number;
  /** Share of the trained weights, if they were averaged with the initial ones. */
  share?: number;
  val: Quality;
}

/** Quality on photos that were not trained on, as shares 0..1. */
export interface Quality {
  /** Accuracy of the vote. */
  top1: number;
  recallAt1: number;
  /** Recall at 1 among photos of labels that training never saw, each without itself. Null if no label is held out. */
  unseenRecallAt1: number | null;
}

const FILE = 'log.jsonl';

export class TrainingLog {
  readonly #file: string;
  readonly entries: LogEntry[];

  private constructor(file: string, entries: LogEntry[]) {
    this.#file = file;
    this.entries = entries;
  }

  /**
   * Starts a log, or continues one from a checkpoint. Lines of later steps are removed, because those steps are repeated.
   */
  static async open(dir: string, step: number): Promise<TrainingLog> {
    const file = path.join(dir, FILE);
    if (step === 0) {
      await rm(file, { force: true });
      return new TrainingLog(file, []);
    }
    const lines = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    const entries = lines.flatMap((line): LogEntry[] => {
      try {
        const entry = JSON.parse(line) as LogEntry;
        return entry.step <= step ? [entry] : [];
      } catch {
        return []; // The last line of a killed run may be incomplete.
      }
    });
    await writeFile(file, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
    return new TrainingLog(file, entries);
  }

  async add(entry: LogEntry): Promise<void> {
    this.entries.push(entry);
    await appendFile(this.#file, `${JSON.stringify(entry)}\n`);
  }
}
