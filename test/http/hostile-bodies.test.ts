/** Bodies that are cheap to send and expensive to read do not stop the server. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listHostileBodies } from '../../scripts/faults/hostile-bodies.mjs';
import { checkJson } from '../../src/http/body/check-json.js';
import type { RunningServer } from '../../src/http/start-server.js';
import { testApp } from '../helpers/http.js';
import { serve } from '../helpers/raw.js';

/** Longest standstill of the event loop, which this test shares with the server. Before, it was 5 to 80 seconds. */
const LONGEST_STANDSTILL_MS = 1_500;

let server: RunningServer;
beforeAll(async () => {
  server = await serve(await testApp({ MAX_UPLOAD_MB: 20 }));
});
afterAll(() => server.close({ graceSeconds: 0 }));

describe('a hostile body', () => {
  it.each(listHostileBodies())(
    'is refused at once while others are answered: %s',
    async (_, { method, path, type, body }) => {
      const bytes = Buffer.from(body);
      const delay = monitorEventLoopDelay({ resolution: 5 });
      delay.enable();
      // It measures from its first tick on, and a small body arrives sooner.
      await sleep(25);
      const answer = await fetch(server.url + path, {
        method,
        headers: { 'content-type': type },
        body: bytes,
      });
      const text = await answer.text();
      delay.disable();
      expect([400, 413], text.slice(0, 200)).toContain(answer.status);
      expect(text.length).toBeLessThan(10_000);
      expect(delay.max / 1e6).toBeLessThan(LONGEST_STANDSTILL_MS);
      expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
    },
  );
});

it('names at most 20 wrong fields', async () => {
  const send = async (path: string, body: object) => {
    const answer = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return ((await answer.json()) as { errors: unknown[] }).errors.length;
  };
  const manyKeys = Object.fromEntries(Array.from({ length: 5000 }, (_, i) => [`k${i}`, 1]));
  expect(await send('/v1/identify', manyKeys)).toBe(20);
  expect(await send('/v1/search', { positives: Array(100).fill(7) })).toBe(20);
});

describe('checkJson', () => {
  const passes = (text: string, imagePaths: string[] = []) => {
    try {
      checkJson(Buffer.from(text), 'body', imagePaths);
      return true;
    } catch {
      return false;
    }
  };

  it('accepts ordinary texts', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 20 }), (value) => {
        expect(passes(JSON.stringify(value))).toBe(true);
      }),
    );
  });

  it('counts levels, whatever is in strings', () => {
    const text = fc.string({ unit: fc.constantFrom('[', '{', '"', '\\', ':', ',', 'x'), maxLength: 20 });
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 60 }), (keys) => {
        const nested = keys.reduce<unknown>((inner, key) => ({ [key]: inner, other: key }), 1);
        expect(passes(JSON.stringify(nested))).toBe(keys.length <= 32);
      }),
    );
  });

  it('counts values and keys', () => {
    for (const count of [9_990, 9_999, 10_000, 10_001, 10_010]) {
      const object = Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, '[,:{']));
      // One for the object, a key and a comma for each entry but the last.
      expect([count, passes(JSON.stringify(object))]).toEqual([count, 2 * count <= 20_000]);
    }
  });

  it('allows long strings only in place of an image', () => {
    const long = 'A'.repeat(70_000);
    const paths = ['imageBase64', 'items[].imageBase64'];
    const cases: [unknown, boolean][] = [
      [{ imageBase64: long }, true],
      [{ k: 1, imageBase64: long, label: 'x' }, true],
      [{ items: [{ label: 'x', imageBase64: long }, { imageBase64: long }] }, true],
      [{ label: long }, false],
      [{ metadata: { imageBase64: long } }, false],
      [{ items: [{ metadata: { imageBase64: long } }] }, false],
      [{ items: { imageBase64: long } }, false],
      [{ imageBase64: [long] }, false],
      [{ [long]: 1 }, false],
      [[long], false],
      [long, false],
    ];
    for (const [value, expected] of cases) {
      expect([value, passes(JSON.stringify(value), paths)]).toEqual([value, expected]);
    }
  });

  it('finds the end of strings that are not closed, or end in backslashes', () => {
    for (const text of ['"abc', '"\\\\"', '["\\\\\\"",1]', '"', '\\"']) {
      expect(passes(text)).toBe(true);
    }
    expect(passes(`["\\\\",${'['.repeat(32)}`)).toBe(false);
    expect(passes(`["\\",${'['.repeat(32)}`)).toBe(true);
  });
});
