/** What can go wrong between the page and the server, as one error class. */
import { parseProblem } from '../client/parse-problem.js';
import { findProblemText, texts } from './texts/texts.js';

/** A response that is not a success, or no response at all (status 0). */
export class Problem extends Error {
  readonly #serverText: { title?: string | undefined; hint?: string | undefined };

  /**
   * @param code the server's stable code, or one of the page's own from texts/english-problems.ts
   * @param status HTTP status; 0 if there was no response
   * @param serverText title and hint from the server, for codes that have no text in the page
   * @param retryAfter seconds after which trying again makes sense
   */
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string | undefined = undefined,
    serverText: { title?: string | undefined; hint?: string | undefined } = {},
    readonly retryAfter?: number,
  ) {
    super();
    this.#serverText = serverText;
    this.name = 'Problem';
  }

  /** What happened, in the page's language if it has a text for it. */
  get title(): string {
    return findProblemText(this.code)?.title ?? this.#serverText.title ?? this.code;
  }

  /** What to do about it. */
  get hint(): string | undefined {
    return findProblemText(this.code)?.hint ?? this.#serverText.hint;
  }

  override get message(): string {
    return [this.title, this.hint].filter(Boolean).join(' ');
  }

  /** Whether trying again can help: the cause is in the server or the connection, and may pass. */
  get isTransient(): boolean {
    return this.status >= 500 || ['network', 'offline', 'unexpected'].includes(this.code);
  }
}

/** Narrows what was caught to a problem. @throws anything else, which is a fault of the page */
export function expectProblem(error: unknown): Problem {
  if (error instanceof Problem) {
    return error;
  }
  throw error;
}

/** For `catch`: `value` in place of what a problem prevents. */
export const replaceProblem =
  <T>(value: T) =>
  (error: unknown): T => {
    expectProblem(error);
    return value;
  };

/**
 * The problem that a response describes. A proxy may respond without problem+json; then only the status is known.
 *
 * @param body the response's body as text
 * @param retryAfter the Retry-After header, in seconds
 */
export function toProblem(status: number, body: string, retryAfter: string | null): Problem {
  const fallback = status === 413 ? 'payload_too_large' : status === 503 ? 'overloaded' : 'unexpected';
  const { code = fallback, title = texts.failure.unexpected(status), detail, hint } = parseProblem(body);
  const seconds = Number.parseFloat(retryAfter ?? '') || undefined;
  return new Problem(code, status, detail, { title, hint }, seconds);
}

/** A browser stores where a file is, not its content: one that was moved or changed can no longer be read. */
async function isReadable(file: Blob): Promise<boolean> {
  try {
    await file.slice(0, 1).arrayBuffer();
    return true;
  } catch (error) {
    if (error instanceof DOMException) {
      return false;
    }
    throw error;
  }
}

/** The problem of a request without a response. @param sent the files in it */
export async function createNoAnswerProblem(sent: Iterable<Blob>): Promise<Problem> {
  for (const file of sent) {
    if (!(await isReadable(file))) {
      return new Problem('file_gone', 0);
    }
  }
  return new Problem(navigator.onLine ? 'network' : 'offline', 0);
}

/**
 * Loads a part of the page when it is first needed.
 *
 * @throws Problem page_outdated if the server has a newer page; network, offline
 */
export async function fetchPart<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch {
    const isThere = await fetch('healthz')
      .then(({ ok }) => ok)
      .catch(() => false);
    throw isThere ? new Problem('page_outdated', 0) : await createNoAnswerProblem([]);
  }
}
