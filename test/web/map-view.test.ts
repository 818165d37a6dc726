import { describe, expect, it } from 'vitest';
import { MapView, placeQuery } from '../../src/web/manage/map-view.js';

const view = () => {
  const made = new MapView(Float32Array.of(0, 0.25, -0.5), Float32Array.of(0, 0.25, 0.5));
  made.resize(800, 600);
  return made;
};
const all = () => true;

describe('a view of the map', () => {
  it('shows the whole map at first, and finds the point under the pointer', () => {
    const map = view();
    for (let i = 0; i < 3; i++) {
      const [x, y] = [map.x[i]! * map.scale + map.left, map.y[i]! * map.scale + map.top];
      expect(x).toBeGreaterThanOrEqual(0);
      expect(y).toBeLessThanOrEqual(600);
      expect(map.nearest(x + 3, y - 3, 10, all)).toBe(i);
    }
    expect(map.nearest(0, 0, 10, all)).toBe(-1);
    expect(map.nearest(400, 300, 10, (i) => i !== 0)).toBe(-1);
  });

  it('keeps what is under the pointer in its place when it zooms', () => {
    const map = view();
    const before = map.x[1]! * map.scale + map.left;
    const down = map.y[1]! * map.scale + map.top;
    map.zoomBy(3, before, down);
    expect(map.x[1]! * map.scale + map.left).toBeCloseTo(before);
    expect(map.zoom).toBeCloseTo(3);
    map.zoomBy(1e9);
    expect(map.zoom).toBeLessThanOrEqual(60);
  });

  it('keeps the middle in the middle when the window changes', () => {
    const map = view();
    map.centreOn(0.25, 0.25);
    map.resize(400, 500);
    expect(map.nearest(200, 250, 1, all)).toBe(1);
  });

  it('goes on showing the whole map when the window changes', () => {
    const map = view();
    map.resize(300, 200);
    expect([map.scale, map.left, map.top]).toEqual([0.92 * 200, 150, 100]);
  });
});

describe('a query', () => {
  it('falls between its neighbours, nearest to the most similar', () => {
    const place = placeQuery([
      { x: 0, y: 0, similarity: 0.9 },
      { x: 1, y: 0, similarity: 0.88 },
    ])!;
    expect(place.x).toBeGreaterThan(0);
    expect(place.x).toBeLessThan(0.5);
    expect(place.y).toBe(0);
  });

  it('falls on an equal item, whatever else is near', () => {
    const far = Array.from({ length: 20 }, () => ({ x: 1, y: 1, similarity: 0.5 }));
    const place = placeQuery([{ x: 0.1, y: 0.2, similarity: 1 }, ...far])!;
    expect(place.x).toBeCloseTo(0.1, 3);
    expect(place.y).toBeCloseTo(0.2, 3);
  });

  it('falls nowhere without a neighbour on the map', () => {
    expect(placeQuery([])).toBeNull();
  });
});
