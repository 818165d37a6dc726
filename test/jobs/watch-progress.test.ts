import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ReportedProgress } from '../../src/jobs/job.js';
import { createEntry, createJob } from '../../src/jobs/job-entry.js';
import { watchProgress } from '../../src/jobs/watch-progress.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

it('publishes the pace of each phase, measured from its own start', () => {
  const job = createJob({ kind: 'calibrate', collection: 'mine' });
  const entry = createEntry({ ...job, state: 'running' }, null);
  const report = watchProgress(entry, () => {});
  const reportAfter = (ms: number, progress: ReportedProgress) => {
    vi.advanceTimersByTime(ms);
    report(progress);
    const { perSecond, secondsLeft } = entry.job.progress!;
    return { perSecond, secondsLeft };
  };
  const unknown = { perSecond: null, secondsLeft: null };
  expect(reportAfter(0, { phase: 'listing', done: 0, total: 100 })).toEqual(unknown);
  expect(reportAfter(3000, { phase: 'listing', done: 20, total: 100 })).toEqual({
    perSecond: 6.67,
    secondsLeft: 12,
  });
  expect(reportAfter(10, { phase: 'indexing', done: 40, total: 50 })).toEqual(unknown);
  expect(reportAfter(2000, { phase: 'indexing', done: 44, total: 50 })).toEqual({
    perSecond: 2,
    secondsLeft: 3,
  });
});
