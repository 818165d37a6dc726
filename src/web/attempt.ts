/** Does what the server may refuse, and tells the user why. */
import { showHint } from './hint.js';
import { expectProblem } from './problem.js';

/** Does something, and passes what prevents it to `say`. @returns whether it was done */
export async function attempt(
  work: () => unknown,
  say: (words: string) => void = showHint,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    say(expectProblem(error).words);
    return false;
  }
}
