/** What can go wrong between the page and the server, as one error class. */

/** An answer of the server that is no success, or no answer at all (status 0). */
export class Problem extends Error {
  /**
   * @param code the server's stable code, or one of the page's own: `network`, `offline`, `unreadable`
   * @param status HTTP status; 0 when there was no answer
   * @param retryAfter seconds after which trying again makes sense
   */
  constructor(
    readonly code: string,
    readonly status: number,
    readonly title: string,
    readonly detail: string | undefined,
    readonly hint: string | undefined,
    readonly retryAfter?: number,
  ) {
    super(detail ?? title);
    this.name = 'Problem';
  }
}

const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);

/**
 * The problem an answer describes. Something between page and server (a proxy) may answer without
 * problem+json; then the status is all there is.
 *
 * @param body the answer's body as text
 * @param retryAfter the Retry-After header, in seconds
 */
export function problemFrom(status: number, body: string, retryAfter: string | null): Problem {
  let fields: Record<string, unknown> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === 'object' && parsed !== null) {
      fields = parsed as Record<string, unknown>;
    }
  } catch {
    // Not JSON: a proxy's HTML page, say. The status below stands for it.
  }
  const seconds = Number.parseFloat(retryAfter ?? '');
  const fallback = status === 413 ? 'payload_too_large' : status === 503 ? 'overloaded' : 'unexpected';
  return new Problem(
    text(fields.code) ?? fallback,
    status,
    text(fields.title) ?? `The server answered with status ${status}.`,
    text(fields.detail),
    text(fields.hint),
    Number.isFinite(seconds) ? seconds : undefined,
  );
}

/** The problem of a request that got no answer. */
export function noAnswer(): Problem {
  if (!navigator.onLine) {
    return new Problem(
      'offline',
      0,
      'This device is offline.',
      undefined,
      'Connect to the network and try again.',
    );
  }
  return new Problem(
    'network',
    0,
    'The server did not answer.',
    'The connection could not be made, or it broke while the photo was being sent.',
    'Check that the server is running, then try again.',
  );
}
