import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { roundTicks } from '../../../src/evaluation/report/svg.js';
import { stackRows } from '../../../src/math/matrix.js';
import { createRandom } from '../../../src/math/random.js';
import { type ChartEntry, drawLossChart, drawQualityChart } from '../../../src/training/report/curves.js';
import { drawEmbeddingMap } from '../../../src/training/report/embedding-map.js';
import { writeTrainingCharts } from '../../../src/training/report/write-charts.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'pawdex-charts-'));
});
afterEach(() => rm(dir, { recursive: true }));

const steps = (count: number): ChartEntry[] =>
  Array.from({ length: count }, (_, i) => ({
    epoch: (4 * (i + 1)) / count,
    loss: 3 / (1 + i / 20) + (i % 2) / 10,
    learningRate: 3e-4 * (1 - i / count),
  }));
const evaluation = (epoch: number, top1: number, more = {}): ChartEntry => ({
  epoch,
  val: { top1, recallAt1: top1 - 0.02, ...more },
});

/** Points of the curves of a class, in the drawing's units. */
function curve(svg: string, name: string): [number, number][] {
  const points = new RegExp(`<polyline class="${name}" points="([^"]*)"`).exec(svg)?.[1] ?? '';
  return points.split(' ').map((pair) => pair.split(',').map(Number) as [number, number]);
}

/** Clusters of unit vectors around orthogonal directions. */
function clusters(labels: number, each: number) {
  const random = createRandom(3);
  const all = Array.from({ length: labels * each }, (_, i) => {
    const vector = Array.from({ length: labels }, (_, axis) => (axis === i % labels ? 1 : 0.3 * random()));
    const norm = Math.hypot(...vector);
    return Float32Array.from(vector, (value) => value / norm);
  });
  return { vectors: stackRows(all, labels), labels: all.map((_, i) => `label ${i % labels}`) };
}

describe('curves of a run', () => {
  it('draws a falling loss as a falling line, with each step paler behind it', () => {
    const svg = drawLossChart(steps(3000)) ?? '';
    const average = curve(svg, 'curve');
    expect(average.length).toBeGreaterThan(300);
    expect(average.length).toBeLessThan(420);
    // SVG's y grows downwards.
    expect(average.at(-1)?.[1]).toBeGreaterThan((average[0]?.[1] ?? 0) + 100);
    expect(curve(svg, 'curve faint').length).toBe(average.length);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('draws each measured quality, and names the best', () => {
    const log = [evaluation(1, 0.91), evaluation(2, 0.934), evaluation(3, 0.93)];
    const svg = drawQualityChart([...steps(9), ...log]) ?? '';
    expect(svg).toContain('best vote 93.4 %, after 2 epochs');
    expect(curve(svg, 'curve second')).toHaveLength(3);
    expect(svg).not.toContain('unseen');
    const withUnseen =
      drawQualityChart(log.map(({ epoch }) => evaluation(epoch, 0.9, { unseenRecallAt1: 0.8 }))) ?? '';
    expect(curve(withUnseen, 'curve third')).toHaveLength(3);
  });

  it('keeps the best of several evaluations at the same step', () => {
    const svg = drawQualityChart([evaluation(1, 0.8), evaluation(1, 0.9), evaluation(1, 0.85)]) ?? '';
    expect(svg).toContain('best vote 90.0 %');
    expect(curve(svg, 'curve second')).toHaveLength(1);
  });

  it('draws nothing without data, and leaves out values that are not finite', () => {
    expect(drawLossChart([])).toBeNull();
    expect(drawLossChart([{ epoch: 1, loss: Number.NaN, learningRate: 1 }])).toBeNull();
    expect(drawQualityChart(steps(5))).toBeNull();
    const svg =
      drawLossChart([...steps(5), { epoch: 5, loss: Number.POSITIVE_INFINITY, learningRate: 0 }]) ?? '';
    expect(svg).not.toMatch(/NaN|Infinity/);
  });
});

describe('ticks', () => {
  it.each([
    [0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0.883, 0.921, [0.88, 0.89, 0.9, 0.91, 0.92, 0.93]],
    [0, 0.0003, [0, 0.0001, 0.0002, 0.0003]],
    [2, 2, [2, 2.5]],
  ])('from %f to %f are round and span the range', (from, to, expected) => {
    expect(roundTicks(from, to)).toEqual(expected);
  });
});

describe('the embedding map', () => {
  it('puts photos of a label together, and is the same every time', async () => {
    const input = clusters(5, 12);
    const svg = (await drawEmbeddingMap(input)) ?? '';
    const points = [...svg.matchAll(/cx="([\d.]+)" cy="([\d.]+)"/g)].map(
      (m) => [Number(m[1]), Number(m[2])] as const,
    );
    expect(points).toHaveLength(60);
    const nearest = points.map(([x, y], i) => {
      const others = points.map(([u, v], j) => (j === i ? Infinity : Math.hypot(u - x, v - y)));
      return others.indexOf(Math.min(...others));
    });
    const same = nearest.filter((j, i) => input.labels[j] === input.labels[i]).length;
    expect(same).toBeGreaterThan(54);
    expect(await drawEmbeddingMap(input)).toBe(svg);
  });

  it('accepts few photos, equal photos and names with markup', async () => {
    const east = Float32Array.of(1, 0);
    expect(await drawEmbeddingMap({ vectors: stackRows([east], 2), labels: ['a'] })).toBeNull();
    const equal = stackRows([east, east, east, east], 2);
    const svg = (await drawEmbeddingMap({ vectors: equal, labels: ['<b>', 'a', 'a', 'a'] })) ?? '';
    expect(svg).toContain('&lt;b&gt;');
    expect(svg).not.toMatch(/NaN|<b>/);
  });
});

describe('files of charts', () => {
  it('are SVG and PNG, for whatever there is data for', async () => {
    const log = [...steps(30), evaluation(1, 0.9), evaluation(2, 0.92)];
    const files = await writeTrainingCharts(path.join(dir, 'run'), log, clusters(1, 2));
    expect(files.map((file) => path.basename(file))).toEqual([
      'loss.svg',
      'loss.png',
      'quality.svg',
      'quality.png',
    ]);
    await writeTrainingCharts(path.join(dir, 'run'), log, clusters(3, 6));
    expect((await readdir(path.join(dir, 'run'))).sort()).toEqual(
      ['loss', 'map', 'quality'].flatMap((name) => [`${name}.png`, `${name}.svg`]),
    );
    expect(await readFile(files[0] as string, 'utf8')).toMatch(
      /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/,
    );
    const { width = 0 } = await sharp(files[1] as string).metadata();
    expect(width).toBeGreaterThan(1000);
    const { channels } = await sharp(files[1] as string).stats();
    // Something is drawn: the picture is not of one colour.
    expect(Math.max(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(5);
  });
});
