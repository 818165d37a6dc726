import { expect, it } from 'vitest';
import { PaceMeter } from '../../src/math/pace-meter.js';

it('measures the recent pace, not that of the whole run', () => {
  const meter = new PaceMeter();
  const total = 10_000;
  expect(meter.measure({ done: 0, total }, 0)).toEqual({ perSecond: null, secondsLeft: null });
  expect(meter.measure({ done: 8000, total }, 2)).toEqual({ perSecond: 4000, secondsLeft: 0.5 });
  for (let second = 3; second < 60; second++) {
    meter.measure({ done: 8000 + 10 * (second - 2), total }, second);
  }
  expect(meter.measure({ done: 8580, total }, 60)).toEqual({ perSecond: 10, secondsLeft: 142 });
});

it('says nothing while nothing progresses', () => {
  const meter = new PaceMeter();
  meter.measure({ done: 40, total: 50 }, 5);
  expect(meter.measure({ done: 40, total: 50 }, 9)).toEqual({ perSecond: null, secondsLeft: null });
});

it('does not count photos that were already there', () => {
  const meter = new PaceMeter();
  const total = 10_000;
  meter.measure({ done: 0, total }, 0);
  // 5,000 known photos fly by in a second; then 20 new ones are encoded per second.
  for (let done = 500; done <= 5000; done += 500) {
    const pace = meter.measure({ done, total, skipped: done }, done / 5000);
    expect(pace).toEqual({ perSecond: null, secondsLeft: null });
  }
  for (let second = 1; second <= 60; second++) {
    const pace = meter.measure({ done: 5000 + 20 * second, total, skipped: 5000 }, 1 + second);
    if (second === 60) {
      expect(pace.perSecond).toBeCloseTo(20, 0);
      expect(pace.secondsLeft).toBeCloseTo((5000 - 1200) / 20, 0);
    }
  }
});

it('expects the recent share of known photos for the rest', () => {
  const meter = new PaceMeter();
  const total = 100_000;
  meter.measure({ done: 0, total }, 0);
  for (let second = 1; second < 100; second++) {
    meter.measure({ done: 100 * second, total, skipped: 80 * second }, second);
  }
  const { perSecond, secondsLeft } = meter.measure({ done: 10_000, total, skipped: 8000 }, 100);
  expect(perSecond).toBeCloseTo(20, 0);
  expect(secondsLeft).toBeCloseTo(90_000 / 100, 0);
});
