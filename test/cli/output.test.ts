import { expect, it } from 'vitest';
import { describeError, escapeControls, formatSeconds, pluralise } from '../../src/cli/print.js';
import { RateMeter } from '../../src/cli/progress.js';
import { PawdexError } from '../../src/errors.js';

it('words counts and times', () => {
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

it('measures the rate of late, not of the whole run', () => {
  const meter = new RateMeter();
  expect(meter.measure(0, 0)).toBe(0);
  expect(meter.measure(10, 1)).toBe(10);
  for (let second = 2; second <= 60; second++) {
    meter.measure(10 + (second - 1) * 100, second);
  }
  expect(meter.measure(10 + 60 * 100, 61)).toBeCloseTo(100, 0);
});

it('words errors for people, and adds the stack on request', () => {
  const error = new PawdexError('config_invalid', {
    detail: 'PAWDEX_PORT: too big.',
    errors: [{ path: 'PAWDEX_PORT', message: 'too big' }],
  });
  expect(describeError(error, false)).toEqual([
    'error: PAWDEX_PORT: too big. [config_invalid]',
    '  PAWDEX_PORT: too big',
    '  The README has a table of all settings.',
  ]);
  expect(describeError(error, false, 'a.jpg')[0]).toMatch(/^a\.jpg: error: /);
  expect(describeError(error, true).join('\n')).toContain('    at ');
});

it('shows control characters in names and labels instead of obeying them', () => {
  expect(escapeControls('a\x1b[31m\r\n\x07\x9b2J\u202egpj.exe\u2028')).toBe(
    'a\\u001b[31m\\u000d\\u000a\\u0007\\u009b2J\\u202egpj.exe\\u2028',
  );
  const harmless = 'mačka 猫 👩‍🔬 – é';
  expect(escapeControls(harmless)).toBe(harmless);
  const line = JSON.stringify({ label: 'a\x9b\u202e' });
  expect(JSON.parse(escapeControls(line))).toEqual(JSON.parse(line));
});
