/** Progress reports of the trainer's long work. */
export interface PhaseReport {
  /** Called when a phase begins. It counts photos unless `noun` says otherwise. */
  phase(text: string, total: number, noun?: string): void;
  phaseProgress(done: number): void;
}
