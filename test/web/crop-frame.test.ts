import { describe, expect, it } from 'vitest';
import { moveFrame } from '../../src/web/views/crop-frame.js';

const frame = { left: 0.25, top: 0.25, width: 0.5, height: 0.5 };

describe('a frame on a photo', () => {
  it('moves as a whole, and stays on the photo', () => {
    expect(moveFrame(frame, { x: 0, y: 0 }, 0.125, -0.125)).toEqual({ ...frame, left: 0.375, top: 0.125 });
    expect(moveFrame(frame, { x: 0, y: 0 }, 9, 9)).toEqual({ ...frame, left: 0.5, top: 0.5 });
  });

  it('is resized at a corner while the opposite one stays', () => {
    expect(moveFrame(frame, { x: -1, y: 1 }, -0.25, 0.25)).toEqual({
      left: 0,
      top: 0.25,
      width: 0.75,
      height: 0.75,
    });
    expect(moveFrame(frame, { x: 1, y: -1 }, 9, -9)).toEqual({
      left: 0.25,
      top: 0,
      width: 0.75,
      height: 0.75,
    });
  });

  it('never becomes too small or inverted', () => {
    const small = moveFrame(frame, { x: -1, y: -1 }, 9, 9);
    expect(small.width).toBeCloseTo(0.08);
    expect(small.left + small.width).toBeCloseTo(0.75);
    expect(moveFrame(frame, { x: 1, y: 1 }, -9, -9).height).toBeCloseTo(0.08);
  });
});
