/** Puts what prevents an action into words. */
import { hint } from '../hint.js';
import { Problem } from '../problem.js';

/** Title and hint of a problem as one text. */
export function problemWords({ title, hint: advice }: Problem): string {
  return [title, advice].filter(Boolean).join(' ');
}

/** Does something, and passes what prevents it to `tell`. @returns whether it was done */
export async function attempt(work: () => unknown, tell: (words: string) => void = hint): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) {
      throw error;
    }
    tell(problemWords(error));
    return false;
  }
}
