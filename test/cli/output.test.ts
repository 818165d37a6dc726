import { expect, it } from 'vitest';
import { escapeControls, formatError, formatSeconds, pluralise } from '../../src/cli/print.js';
import { formatProgress } from '../../src/cli/progress.js';
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

it('fits progress into a line', () => {
  const shown = { total: 1_000_000, noun: 'photo', columns: 80, pace: { perSecond: 105.4, secondsLeft: 54 } };
  const progress = { done: 430_000, skipped: 1200, failed: 3 };
  const line = '430,000 of 1,000,000 photos, 105/s, 54 s left, 1,200 known, 3 failed';
  expect(formatProgress(progress, shown)).toBe(line);
  expect(formatProgress(progress, { ...shown, columns: 40 })).toBe(`${line.slice(0, 39)}…`);
});

it('shows a slow pace per minute', () => {
  const shown = { total: 100, noun: 'step', pace: { perSecond: 0.03, secondsLeft: 3300 }, columns: 80 };
  expect(formatProgress({ done: 1 }, shown)).toBe('1 of 100 steps, 1.8/min, 55 min 0 s left');
});

it('formats errors for people, and adds the stack on request', () => {
  const error = new PawdexError('config_invalid', {
    detail: 'PAWDEX_PORT: too big.',
    errors: [
      { path: 'PAWDEX_PORT', message: 'too big' },
      { path: 'PAWDEX_THREADS', message: 'too small' },
    ],
  });
  expect(formatError(error, false)).toEqual([
    'error: PAWDEX_PORT: too big. [config_invalid]',
    '  PAWDEX_THREADS: too small',
    '  `pawdex serve --help` and docs/settings.md describe all settings.',
  ]);
  expect(formatError(error, false, 'a.jpg')[0]).toMatch(/^a\.jpg: error: /);
  expect(formatError(error, true).join('\n')).toContain('    at ');
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
