import { expect, it } from 'vitest';
import { runOverdue, soon } from '../../src/store/embedded/turns.js';

function busy(ms: number): void {
  for (const until = performance.now() + ms; performance.now() < until; );
}

it('runs work that goes on and on once between two looks at what has arrived, however many calls found it overdue', async () => {
  let runs = 0;
  let going = true;
  const work = () => {
    runs++;
    if (going) soon(work);
  };
  soon(work);
  for (let call = 0; call < 20; call++) {
    busy(3);
    runOverdue();
  }
  expect(runs).toBe(20);
  await new Promise((resolve) => setImmediate(resolve));
  expect(runs).toBe(21);
  going = false;
  await new Promise((resolve) => setImmediate(resolve));
});
