/** The report's plots: reliability, risk against coverage, and familiarity. */
import { formatPercent } from '../figures.js';
import type { ReliabilityBin } from '../metrics/reliability.js';
import { type RiskPoint, thinOut } from '../metrics/selective.js';
import {
  type Axis,
  drawDot,
  drawPlot,
  drawPolyline,
  drawRectangle,
  MAX_POINTS,
  type Scales,
  spaceEvenly,
} from './svg.js';

function createShareAxis(label: string, to = 1, steps = 5): Axis {
  return {
    label,
    from: 0,
    to,
    ticks: spaceEvenly(0, to, steps),
    format: (value) => formatPercent(value, 0),
  };
}

function drawIdealLine(fromY: number, toY: number, scales: Scales): string {
  const ends: [number, number][] = [
    [0, fromY],
    [1, toY],
  ];
  return drawPolyline('ideal', ends, scales);
}

/** Draws accuracy and mean confidence per bin. Bars that end on the diagonal are well calibrated. */
export function drawReliability(bins: readonly ReliabilityBin[]): string {
  const maxCount = Math.max(1, ...bins.map(({ count }) => count));
  return drawPlot(
    'Share of right answers against confidence, in 15 bins',
    createShareAxis('confidence'),
    createShareAxis('answers that are right'),
    (scales) => {
      const filled = bins.flatMap(({ confidence, accuracy, ...bin }) =>
        confidence === null || accuracy === null ? [] : [{ ...bin, confidence, accuracy }],
      );
      const bars = filled.map(({ from, to, count, accuracy }) => {
        const opacity = (0.35 + 0.65 * Math.sqrt(count / maxCount)).toFixed(2);
        const title = `${count} answers, ${formatPercent(accuracy)} right`;
        const bar = drawRectangle('bar', [from + 0.004, 0, to - 0.004, accuracy], scales);
        return `<g opacity="${opacity}"><title>${title}</title>${bar}</g>`;
      });
      const dots = filled.map(({ confidence, accuracy }) =>
        drawDot('dot', 3.5, [confidence, accuracy], scales),
      );
      return [...bars, drawIdealLine(0, 1, scales), ...dots].join('');
    },
  );
}

/** Draws the share of wrong answers if only the most confident queries are answered. */
export function drawRiskCoverage(curve: readonly RiskPoint[], coverageAt95: number): string {
  // The first few answers are too few for a share.
  const meaningful = curve.filter(({ coverage }) => coverage >= 0.02);
  const points = thinOut(meaningful, MAX_POINTS);
  const top = Math.min(1, Math.max(0.1, ...points.map(({ risk }) => Math.ceil(risk * 20) / 20)));
  return drawPlot(
    'Share of wrong answers against the share of queries answered',
    createShareAxis('queries answered, surest first'),
    createShareAxis('answers that are wrong', top),
    (scales) => {
      const line: [number, number][] = points.map(({ coverage, risk }) => [coverage, risk]);
      const title = `${formatPercent(coverageAt95)} answered at 95 % right`;
      return [
        drawIdealLine(0.05, 0.05, scales),
        drawPolyline('curve', line, scales),
        coverageAt95 > 0 ? drawDot('dot', 4.5, [coverageAt95, 0.05], scales, title) : '',
      ].join('');
    },
  );
}

const HISTOGRAM_BINS = 40;

/** Computes the share of values per bin between `from` and `to`. */
function computeHistogram(values: readonly number[], from: number, to: number): number[] {
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - from) / (to - from)) * HISTOGRAM_BINS);
    counts[Math.min(HISTOGRAM_BINS - 1, Math.max(0, bin))]!++;
  }
  return counts.map((count) => count / Math.max(1, values.length));
}

/** Draws how similar the nearest neighbours are, for queries and for non-pets. */
export function drawFamiliarity(queries: readonly number[], nonPets: readonly number[]): string {
  const all = [...queries, ...nonPets];
  const from = Math.floor(all.reduce((a, b) => Math.min(a, b)) * 10) / 10;
  const to = Math.max(from + 0.1, Math.ceil(all.reduce((a, b) => Math.max(a, b)) * 10) / 10);
  const queryShares = computeHistogram(queries, from, to);
  const nonPetShares = computeHistogram(nonPets, from, to);
  const ticks = spaceEvenly(from, to, Math.round((to - from) * 10));
  return drawPlot(
    'Distribution of the mean similarity of the five nearest neighbours',
    { label: 'mean similarity of the five nearest', from, to, ticks, format: (value) => value.toFixed(1) },
    createShareAxis('share of photos', Math.max(...queryShares, ...nonPetShares) * 1.05, 4),
    (scales) => {
      const width = (to - from) / HISTOGRAM_BINS;
      const drawBars = (name: string, shares: number[]) =>
        shares.map((share, i) => {
          const left = from + i * width;
          return share === 0 ? '' : drawRectangle(name, [left, 0, left + width, share], scales);
        });
      return [...drawBars('bar', queryShares), ...drawBars('other', nonPetShares)].join('');
    },
  );
}
