import { expect, it } from 'vitest';
import { DivergenceGuard } from '../../../src/training/run/divergence-guard.js';

const code = expect.objectContaining({ code: 'training_diverged' });

it('allows a loss that falls, fluctuates or starts at zero', () => {
  const guard = new DivergenceGuard();
  for (const [step, loss] of [0.004, 3, 2.8, 3.5, 2.1, 9, 1].entries()) {
    guard.check(step + 1, loss, 20);
  }
});

it('stops at a loss or gradient that is not a number, and at an exploding loss', () => {
  expect(() => new DivergenceGuard().check(1, Number.NaN, 1)).toThrow(code);
  expect(() => new DivergenceGuard().check(1, 1, Number.POSITIVE_INFINITY)).toThrow(code);
  const guard = new DivergenceGuard();
  for (let step = 1; step < 50; step++) {
    guard.check(step, 1.5, 1);
  }
  expect(() => guard.check(50, 16, 1)).toThrow(code);
});
