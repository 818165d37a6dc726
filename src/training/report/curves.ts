/** Draws the progress of a run: loss and learning rate, and quality on val. */
import { formatPercent } from '../../evaluation/figures.js';
import {
  type Axis,
  drawDot,
  drawLegend,
  drawPlot,
  drawPolyline,
  drawStandalone,
  MAX_POINTS,
  PLOT,
  placeBlock,
  roundTicks,
  type Scales,
} from '../../evaluation/report/svg.js';

/** The part of a log line that the charts use. Steps have a loss, evaluations a quality. */
export interface ChartEntry {
  /** Passes over the photos so far. */
  readonly epoch: number;
  readonly loss?: number;
  readonly learningRate?: number;
  /** Shares, 0..1. */
  readonly val?: {
    readonly top1: number;
    readonly recallAt1: number;
    readonly unseenRecallAt1?: number | null;
  };
}

type Point = [number, number];

/** Share of a new loss in the smoothed one. */
const SMOOTHING = 0.05;
const TOP = 48;
const MARGIN = 12;

/** Keeps every n-th point, and the last. */
function thinPoints(points: readonly Point[]): Point[] {
  const every = Math.max(1, Math.ceil(points.length / MAX_POINTS));
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

function readPoints(
  log: readonly ChartEntry[],
  value: (entry: ChartEntry) => number | null | undefined,
): Point[] {
  return log.flatMap((entry): Point[] => {
    const y = value(entry);
    return typeof y === 'number' && Number.isFinite(y) ? [[entry.epoch, y]] : [];
  });
}

/** Computes an exponential moving average, corrected for its start (Kingma & Ba, arXiv 1412.6980, section 3). */
function smooth(points: readonly Point[]): Point[] {
  let [sum, weight] = [0, 0];
  return points.map(([x, y]) => {
    sum += SMOOTHING * (y - sum);
    weight += SMOOTHING * (1 - weight);
    return [x, sum / weight];
  });
}

/** Creates an axis with round ends around values. */
function createAxis(label: string, values: readonly number[], format: Axis['format']): Axis {
  const ticks = roundTicks(Math.min(...values), Math.max(...values));
  return { label, ticks, from: ticks[0] as number, to: ticks.at(-1) as number, format };
}

const formatShort = (value: number) =>
  value === 0 || Math.abs(value) >= 0.01 ? String(Number(value.toPrecision(3))) : value.toExponential();
const listXs = (points: readonly Point[]) => points.map(([x]) => x);
const listYs = (points: readonly Point[]) => points.map(([, y]) => y);
const createEpochAxis = (points: readonly Point[]) =>
  createAxis('epoch', [0, ...listXs(points)], formatShort);

/**
 * Draws the loss of every step with its moving average, and the learning rate beside it.
 *
 * @returns an SVG file, or null when no step has a finite loss
 */
export function drawLossChart(log: readonly ChartEntry[]): string | null {
  const loss = readPoints(log, (entry) => entry.loss);
  const rate = readPoints(log, (entry) => entry.learningRate);
  if (loss.length === 0 || rate.length === 0) {
    return null;
  }
  const [steps, average] = [thinPoints(loss), thinPoints(smooth(loss))] as const;
  const left = drawPlot(
    'Loss',
    createEpochAxis(loss),
    createAxis('loss', listYs([...steps, ...average]), formatShort),
    (scales) => [drawPolyline('curve faint', steps, scales), drawPolyline('curve', average, scales)].join(''),
  );
  const right = drawPlot(
    'Learning rate',
    createEpochAxis(rate),
    createAxis('learning rate', [0, ...listYs(rate)], formatShort),
    (scales) => drawPolyline('curve third', thinPoints(rate), scales),
  );
  const size = { width: 2 * PLOT.width + 3 * MARGIN, height: PLOT.height + TOP + MARGIN };
  return drawStandalone(
    'Loss and learning rate of a training run',
    size,
    [
      '<text class="title" x="20" y="29">Loss</text>',
      drawLegend(
        [
          ['faint', 'each step'],
          ['', 'moving average'],
        ],
        80,
        24,
      ),
      `<text class="title" x="${PLOT.width + 2 * MARGIN + 8}" y="29">Learning rate</text>`,
      placeBlock(left, MARGIN, TOP),
      placeBlock(right, PLOT.width + 2 * MARGIN, TOP),
    ].join(''),
  );
}

/** Curves of {@link drawQualityChart}: class, name, and their value in an entry. */
const QUALITIES = [
  ['', 'vote, top1', (entry: ChartEntry) => entry.val?.top1],
  ['second', 'recall@1', (entry: ChartEntry) => entry.val?.recallAt1],
  ['third', 'recall@1, unseen labels', (entry: ChartEntry) => entry.val?.unseenRecallAt1],
] as const;

/** A curve with a dot at each point, which says its value. */
function drawMarkedCurve(
  { name, text, points }: { name: string; text: string; points: Point[] },
  scales: Scales,
): string {
  const dots = points.map(([x, y]) => {
    const title = `${text} ${formatPercent(y)} after ${formatShort(x)} epochs`;
    return drawDot(`mark ${name}`, 3, [x, y], scales, title);
  });
  return drawPolyline(`curve ${name}`, points, scales) + dots.join('');
}

/**
 * Draws the quality on val at every evaluation. If there are several at one epoch, it uses the one with the best vote.
 *
 * @returns an SVG file, or null without an evaluation
 */
export function drawQualityChart(log: readonly ChartEntry[]): string | null {
  const evaluations = selectBestPerEpoch(log);
  const curves = QUALITIES.map(([name, text, value]) => ({
    name,
    text,
    points: readPoints(evaluations, value),
  }));
  const shown = curves.filter(({ points }) => points.length > 0);
  const all = shown.flatMap(({ points }) => points);
  if (all.length === 0) {
    return null;
  }
  const best = evaluations.reduce((a, b) => ((b.val?.top1 ?? 0) > (a.val?.top1 ?? 0) ? b : a));
  const quality = createAxis('share of val photos', listYs(all), (value) => `${formatShort(100 * value)} %`);
  const drawing = drawPlot('Quality on val', createEpochAxis(all), quality, (scales) =>
    shown.map((curve) => drawMarkedCurve(curve, scales)).join(''),
  );
  const width = 1.25 * PLOT.width;
  const size = { width: width + 2 * MARGIN, height: 1.25 * PLOT.height + TOP + 36 };
  return drawStandalone(
    'Quality on val',
    size,
    [
      '<text class="title" x="20" y="29">Quality on val</text>',
      `<text class="soft" x="${size.width - 20}" y="29" text-anchor="end">best vote ${formatPercent(best.val?.top1 ?? 0)}, after ${formatShort(best.epoch)} epochs</text>`,
      drawLegend(
        shown.map(({ name, text }) => [name, text] as const),
        20,
        TOP + 6,
      ),
      placeBlock(drawing, MARGIN, TOP + 24, width),
    ].join(''),
    (colour) =>
      `.mark { fill: ${colour('main')}; } .mark.second { fill: ${colour('second')}; } .mark.third { fill: ${colour('third')}; }`,
  );
}

function selectBestPerEpoch(log: readonly ChartEntry[]): ChartEntry[] {
  const best = new Map<number, ChartEntry>();
  for (const entry of log) {
    if (!entry.val) {
      continue;
    }
    const other = best.get(entry.epoch)?.val;
    if (!other || entry.val.top1 > other.top1) {
      best.set(entry.epoch, entry);
    }
  }
  return [...best.values()];
}
