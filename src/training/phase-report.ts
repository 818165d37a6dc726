/** Progress reports of the trainer's long work. */
export interface PhaseReport {
  /** Called when a phase begins. It counts photos unless `noun` says otherwise. */
  beginPhase(text: string, total: number, noun?: string): void;
  updatePhase(done: number): void;
}
