import { expect, it } from 'vitest';
import { Problem, toProblem } from '../../src/web/problem.js';

it('reads problem+json', () => {
  const body = JSON.stringify({ code: 'one_of_tomorrow', title: 'T', detail: 'D', hint: 'H', status: 422 });
  const problem = toProblem(422, body, null);
  expect(problem).toMatchObject({ code: 'one_of_tomorrow', status: 422, title: 'T', detail: 'D', hint: 'H' });
  expect(problem.retryAfter).toBeUndefined();
});

it('reads Retry-After', () => {
  expect(toProblem(503, '{"code":"overloaded","title":"T"}', '2').retryAfter).toBe(2);
  expect(toProblem(503, '{"code":"overloaded","title":"T"}', 'Wed, 21 Oct 2015').retryAfter).toBeUndefined();
});

it.each([
  [413, 'payload_too_large', 'too large'],
  [503, 'overloaded', 'busy'],
  [502, 'unexpected', '502'],
])('uses the status %d of a proxy that answers with HTML', (status, code, text) => {
  const problem = toProblem(status, '<html>Bad gateway</html>', null);
  expect(problem).toMatchObject({ code, status });
  expect(problem.message).toContain(text);
});

it.each([
  ['network', 0, true],
  ['unexpected', 404, true],
  ['overloaded', 503, true],
  ['storage_failed', 500, true],
  ['image_corrupt', 422, false],
  ['file_gone', 0, false],
])('knows whether trying again can help: %s, %d', (code, status, isTransient) => {
  expect(new Problem(code, status).isTransient).toBe(isTransient);
});

it.each(['null', '[]', '"text"', '{"code":7,"title":""}'])('survives the JSON body %s', (body) => {
  expect(toProblem(500, body, null).code).toBe('unexpected');
});
