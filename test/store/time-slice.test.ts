import { afterAll, expect, it, vi } from 'vitest';
import { runOverdue, runSoon } from '../../src/store/embedded/time-slice.js';

let now = 0;
const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
afterAll(() => clock.mockRestore());

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

it('runs repeated work once between two checks for calls, however many calls found it overdue', async () => {
  let runs = 0;
  let going = true;
  const work = () => {
    runs++;
    if (going) {
      runSoon(work);
    }
  };
  runSoon(work);
  for (let call = 0; call < 20; call++) {
    now += 5;
    runOverdue();
  }
  expect(runs).toBe(20);
  await nextTurn();
  expect(runs).toBe(21);
  going = false;
  await nextTurn();
});

it('runs one piece of work per turn, in order of arrival', async () => {
  const done: string[] = [];
  runSoon(() => done.push('commit'));
  runSoon(() => done.push('insert'));
  now += 5;
  runOverdue();
  expect(done).toEqual(['commit']);
  runOverdue(); // the calls that waited for the commit come first
  expect(done).toEqual(['commit']);
  await nextTurn();
  expect(done).toEqual(['commit', 'insert']);
});
