import { describe, expect, it } from 'vitest';
import { describeError, escapeControls, formatSeconds, pluralise } from '../../src/cli/print.js';
import { describeProgress, PaceMeter } from '../../src/cli/progress.js';
import { PawdexError } from '../../src/errors.js';

it('formats counts and times', () => {
  expect([pluralise(1, 'photo'), pluralise(0, 'photo'), pluralise(7681, 'photo')]).toEqual([
    '1 photo',
    '0 photos',
    '7,681 photos',
  ]);
  expect([0.42, 12.4, 75, 3600 * 2 + 60 * 5 + 1].map(formatSeconds)).toEqual([
    '0.4 s',
    '12 s',
    '1 min 15 s',
    '2 h 5 min',
  ]);
});

describe('progress', () => {
  it('measures the recent rate, not that of the whole run', () => {
    const meter = new PaceMeter(10_000);
    expect(meter.measure(0, 0, 0)).toEqual({ rate: 0, secondsLeft: null });
    expect(meter.measure(10, 0, 1).rate).toBe(10);
    for (let second = 2; second <= 60; second++) {
      meter.measure(10 + (second - 1) * 100, 0, second);
    }
    expect(meter.measure(10 + 60 * 100, 0, 61).rate).toBeCloseTo(100, 0);
  });

  it('does not count photos that were already there', () => {
    const meter = new PaceMeter(10_000);
    meter.measure(0, 0, 0);
    // 5,000 known photos fly by in a second; then 20 new ones are encoded per second.
    for (let done = 500; done <= 5000; done += 500) {
      expect(meter.measure(done, done, done / 5000)).toEqual({ rate: 0, secondsLeft: null });
    }
    let pace = { rate: 0, secondsLeft: null as number | null };
    for (let second = 1; second <= 60; second++) {
      pace = meter.measure(5000 + 20 * second, 5000, 1 + second);
    }
    expect(pace.rate).toBeCloseTo(20, 0);
    expect(pace.secondsLeft).toBeCloseTo((5000 - 1200) / 20, 0);
  });

  it('expects the recent share of known photos for the rest', () => {
    const meter = new PaceMeter(100_000);
    let pace = meter.measure(0, 0, 0);
    for (let second = 1; second <= 100; second++) {
      pace = meter.measure(100 * second, 80 * second, second);
    }
    expect(pace.rate).toBeCloseTo(20, 0);
    expect(pace.secondsLeft).toBeCloseTo(90_000 / 100, 0);
  });

  it('fits a line', () => {
    const shown = { total: 1_000_000, noun: 'photo', columns: 80, pace: { rate: 105.4, secondsLeft: 54 } };
    const progress = { done: 430_000, skipped: 1200, failed: 3 };
    const line = '430,000 of 1,000,000 photos, 105/s, 54 s left, 1,200 known, 3 failed';
    expect(describeProgress(progress, shown)).toBe(line);
    expect(describeProgress(progress, { ...shown, columns: 40 })).toBe(`${line.slice(0, 39)}…`);
  });
});

it('formats errors for people, and adds the stack on request', () => {
  const error = new PawdexError('config_invalid', {
    detail: 'PAWDEX_PORT: too big.',
    errors: [
      { path: 'PAWDEX_PORT', message: 'too big' },
      { path: 'PAWDEX_THREADS', message: 'too small' },
    ],
  });
  expect(describeError(error, false)).toEqual([
    'error: PAWDEX_PORT: too big. [config_invalid]',
    '  PAWDEX_THREADS: too small',
    '  docs/settings.md lists all settings.',
  ]);
  expect(describeError(error, false, 'a.jpg')[0]).toMatch(/^a\.jpg: error: /);
  expect(describeError(error, true).join('\n')).toContain('    at ');
});

it('escapes control characters in names and labels', () => {
  expect(escapeControls('a\x1b[31m\r\n\x07\x9b2J\u202egpj.exe\u2028')).toBe(
    'a\\u001b[31m\\u000d\\u000a\\u0007\\u009b2J\\u202egpj.exe\\u2028',
  );
  const harmless = 'mačka 猫 👩‍🔬 – é';
  expect(escapeControls(harmless)).toBe(harmless);
  const line = JSON.stringify({ label: 'a\x9b\u202e' });
  expect(JSON.parse(escapeControls(line))).toEqual(JSON.parse(line));
});
