import { expect, it } from 'vitest';
import { JobPace } from '../../src/jobs/job-pace.js';

it('measures the last half minute, which forgets files skipped at the start', () => {
  const pace = new JobPace();
  const at = (second: number, done: number) =>
    pace.measure({ phase: 'indexing', done, total: 10_000 }, second * 1000);
  expect(at(0, 0)).toEqual({ perSecond: null, secondsLeft: null });
  expect(at(2, 8000)).toEqual({ perSecond: 4000, secondsLeft: 1 });
  for (let second = 3; second < 60; second++) {
    at(second, 8000 + 10 * (second - 2));
  }
  expect(at(60, 8580)).toEqual({ perSecond: 10, secondsLeft: 142 });
});

it('says nothing at the start of a phase or while nothing progresses', () => {
  const pace = new JobPace();
  pace.measure({ phase: 'listing', done: 0, total: 1 }, 0);
  pace.measure({ phase: 'listing', done: 1, total: 1 }, 5000);
  expect(pace.measure({ phase: 'indexing', done: 40, total: 50 }, 5001).perSecond).toBeNull();
  expect(pace.measure({ phase: 'indexing', done: 40, total: 50 }, 9000)).toEqual({
    perSecond: null,
    secondsLeft: null,
  });
});
