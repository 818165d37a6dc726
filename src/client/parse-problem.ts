/** Reads the error in a response of a server, or of a proxy in front of it. Runs in browsers too, so it imports nothing. */

/** The fields of a problem document (RFC 9457) that clients use. The error page of a proxy has none of them. */
export interface ParsedProblem {
  code?: string;
  title?: string;
  detail?: string;
  hint?: string;
  /** Not checked. */
  errors?: unknown;
}

/** Parses the body of a response with an error status. Returns no fields if it is not a problem document. */
export function parseProblem(body: string): ParsedProblem {
  try {
    const isUsable = ([name, value]: [string, unknown]) =>
      name === 'errors' || (value !== '' && typeof value === 'string');
    return Object.fromEntries(Object.entries(JSON.parse(body) ?? {}).filter(isUsable));
  } catch {
    return {};
  }
}
