/** The report's plots: reliability, risk against coverage, and familiarity. */
import type { ReliabilityBin } from '../metrics/reliability.js';
import type { RiskPoint } from '../metrics/selective.js';
import { at, drawPlot, drawPolyline, drawRectangle, formatPercent, spaceEvenly } from './svg.js';

const whole = (value: number) => formatPercent(value);

/** Draws accuracy and mean confidence per bin. Bars that end on the diagonal are well calibrated. */
export function drawReliability(bins: readonly ReliabilityBin[]): string {
  const most = Math.max(1, ...bins.map(({ count }) => count));
  return drawPlot(
    'Share of right answers against confidence, in 15 bins',
    { label: 'confidence', from: 0, to: 1, ticks: spaceEvenly(0, 1, 5), format: whole },
    { label: 'answers that are right', from: 0, to: 1, ticks: spaceEvenly(0, 1, 5), format: whole },
    (scales) =>
      [
        ...bins.map(({ from, to, count, accuracy }) =>
          accuracy === null
            ? ''
            : `<g opacity="${(0.35 + 0.65 * Math.sqrt(count / most)).toFixed(2)}"><title>${count} answers, ${formatPercent(accuracy, 1)} right</title>${drawRectangle('bar', [from + 0.004, 0, to - 0.004, accuracy], scales)}</g>`,
        ),
        drawPolyline(
          'ideal',
          [
            [0, 0],
            [1, 1],
          ],
          scales,
        ),
        ...bins.map(({ confidence, accuracy }) =>
          confidence === null || accuracy === null
            ? ''
            : `<circle class="dot" r="3.5" cx="${at(scales.x(confidence))}" cy="${at(scales.y(accuracy))}"/>`,
        ),
      ].join(''),
  );
}

/** The most points of a curve; more cannot be distinguished. */
const DRAWN = 400;

/** Draws the share of wrong answers if only the most confident queries are answered. */
export function drawRiskCoverage(curve: readonly RiskPoint[], coverageAt95: number): string {
  // The first few answers are too few for a share.
  const meaningful = curve.filter(({ coverage }) => coverage >= 0.02);
  const step = Math.max(1, Math.floor(meaningful.length / DRAWN));
  const points = meaningful.filter((_, i) => i % step === 0 || i === meaningful.length - 1);
  const top = Math.min(1, Math.max(0.1, ...points.map(({ risk }) => Math.ceil(risk * 20) / 20)));
  return drawPlot(
    'Share of wrong answers against the share of queries answered',
    { label: 'queries answered, surest first', from: 0, to: 1, ticks: spaceEvenly(0, 1, 5), format: whole },
    {
      label: 'answers that are wrong',
      from: 0,
      to: top,
      ticks: spaceEvenly(0, top, 5),
      format: whole,
    },
    (scales) =>
      [
        drawPolyline(
          'ideal',
          [
            [0, 0.05],
            [1, 0.05],
          ],
          scales,
        ),
        drawPolyline(
          'curve',
          points.map(({ coverage, risk }) => [coverage, risk]),
          scales,
        ),
        coverageAt95 > 0
          ? `<circle class="dot" r="4.5" cx="${at(scales.x(coverageAt95))}" cy="${at(scales.y(0.05))}"><title>${formatPercent(coverageAt95, 1)} answered at 95 % right</title></circle>`
          : '',
      ].join(''),
  );
}

const HISTOGRAM_BINS = 40;

/** Computes the share of values per bin between `from` and `to`. */
function drawHistogram(values: readonly number[], from: number, to: number): number[] {
  const counts = new Array<number>(HISTOGRAM_BINS).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - from) / (to - from)) * HISTOGRAM_BINS);
    counts[Math.min(HISTOGRAM_BINS - 1, Math.max(0, bin))]!++;
  }
  return counts.map((count) => count / Math.max(1, values.length));
}

/** Draws how similar the nearest neighbours are, for queries and for non-pets. */
export function drawFamiliarity(queries: readonly number[], nonPets: readonly number[]): string {
  const from = Math.floor(Math.min(...queries, ...nonPets) * 10) / 10;
  const to = Math.max(from + 0.1, Math.ceil(Math.max(...queries, ...nonPets) * 10) / 10);
  const [own, other] = [drawHistogram(queries, from, to), drawHistogram(nonPets, from, to)];
  const top = Math.max(...own, ...other) * 1.05;
  return drawPlot(
    'Distribution of the mean similarity of the five nearest neighbours',
    {
      label: 'mean similarity of the five nearest',
      from,
      to,
      ticks: spaceEvenly(from, to, Math.round((to - from) * 10)),
      format: (v) => v.toFixed(1),
    },
    { label: 'share of photos', from: 0, to: top, ticks: spaceEvenly(0, top, 4), format: whole },
    (scales) => {
      const width = (to - from) / HISTOGRAM_BINS;
      const bars = (name: string, shares: number[]) =>
        shares.map((share, i) =>
          share === 0
            ? ''
            : drawRectangle(name, [from + i * width, 0, from + (i + 1) * width, share], scales),
        );
      return [...bars('bar', own), ...bars('other', other)].join('');
    },
  );
}
