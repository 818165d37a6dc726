/** `expect(response).toBeProblem(413, 'payload_too_large')`: the status and the code of a response of supertest. */
import { expect } from 'vitest';

interface ProblemMatchers<R = unknown> {
  toBeProblem(status: number, code: string): R;
}

declare module 'vitest' {
  interface Matchers<T> extends ProblemMatchers<T> {}
}

expect.extend({
  toBeProblem(
    { status, body }: { status: number; body: { code?: string } },
    wantedStatus: number,
    code: string,
  ) {
    return {
      pass: status === wantedStatus && body.code === code,
      message: () => `${this.isNot ? 'did not expect' : 'expected'} ${wantedStatus} ${code}, got ${status}`,
      actual: body,
      expected: { status: wantedStatus, code },
    };
  },
});
