import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Admission } from '../../src/engine/admission.js';

/** Work that is done when told to, and a clock that stands still until then. */
function bench(options = { maxSeconds: 1, maxImages: 1000 }) {
  const admission = new Admission(options);
  const running: (() => void)[] = [];
  const add = (images = 1) =>
    admission.admit(images, () => new Promise<void>((resolve) => running.push(resolve)));
  return {
    admission,
    add,
    /** Does `count` pieces of work in `seconds` each. */
    async work(count: number, seconds: number) {
      for (let i = 0; i < count; i++) {
        now += seconds * 1000;
        running.shift()!();
        await new Promise(setImmediate);
      }
    },
  };
}

let now = 0;
beforeEach(() => {
  vi.spyOn(performance, 'now').mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const refusal = (work: () => void) => {
  try {
    work();
    return null;
  } catch (error) {
    return error as { code: string; retryAfter: number };
  }
};

describe('Admission', () => {
  it('admits as much as can be done in time at the measured rate', async () => {
    const { admission, add, work } = bench();
    const howMany = async (secondsEach: number) => {
      const asked: Promise<void>[] = [];
      // Enough to measure how long one takes.
      for (let i = 0; i < 200; i++) {
        asked.push(add());
        await work(1, secondsEach);
      }
      let waiting = 0;
      while (refusal(() => admission.assertCapacity(1)) === null) {
        asked.push(add());
        waiting++;
      }
      await work(waiting, secondsEach);
      await Promise.all(asked);
      return waiting;
    };
    const expectAbout = (value: number, expected: number) => {
      expect(value).toBeGreaterThanOrEqual(expected);
      expect(value).toBeLessThanOrEqual(expected + 1);
    };
    expectAbout(await howMany(0.1), 10);
    expectAbout(await howMany(0.005), 200);
    // A machine that has become slow is noticed.
    expectAbout(await howMany(0.5), 2);
  });

  it('estimates the time for the waiting work', async () => {
    const { admission, add, work } = bench({ maxSeconds: 60, maxImages: 1000 });
    const asked = Array.from({ length: 300 }, () => add());
    await work(200, 0.7);
    const { code, retryAfter } = refusal(() => admission.assertCapacity(1))!;
    expect([code, retryAfter]).toEqual(['overloaded', 70]);
    await expect(add()).rejects.toMatchObject({ code: 'overloaded' });
    await work(100, 0.7);
    await Promise.all(asked);
    expect(admission.pending).toBe(0);
  });

  it('admits anything on an idle machine, and counts each view as an image', async () => {
    const { admission, add, work } = bench({ maxSeconds: 1, maxImages: 4 });
    const first = add(5);
    expect(refusal(() => admission.assertCapacity(1))?.code).toBe('overloaded');
    await work(1, 0.1);
    await first;
    const second = add(2);
    expect(refusal(() => admission.assertCapacity(2))).toBe(null);
    expect(refusal(() => admission.assertCapacity(3))?.code).toBe('overloaded');
    await work(1, 0.1);
    await second;
  });

  it('does not count idle time as work', async () => {
    const { admission, add, work } = bench();
    for (let i = 0; i < 100; i++) {
      now += 60_000;
      const asked = add();
      await work(1, 0.01);
      await asked;
    }
    const asked = add();
    expect(admission.seconds).toBeCloseTo(0.01, 3);
    await work(1, 0.01);
    await asked;
  });
});
