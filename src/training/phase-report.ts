/** How long work of the trainer reports its progress. */
export interface PhaseReport {
  /** A phase begins. It counts photos unless `noun` says otherwise. */
  phase(text: string, total: number, noun?: string): void;
  phaseProgress(done: number): void;
}
