/** The text and picture sections of the report. */
import type { Evaluation, Figures } from '../evaluate.js';
import type { CollectionEvaluation } from '../evaluate-collection.js';
import type { Interval } from '../metrics/bootstrap.js';
import type { Mistake } from '../outcomes.js';
import { escapeHtml, formatCoordinate, formatPercent } from './svg.js';

const formatFigure = (name: string, value: string, note = '') =>
  `<div><dt>${name}</dt><dd>${value}${note === '' ? '' : `<small>${note}</small>`}</dd></div>`;
const formatShare = (value: number | null | undefined, digits = 1) =>
  value === null || value === undefined ? 'not defined' : formatPercent(value, digits);
const formatInterval = (interval: Interval | null, digits = 1) =>
  interval === null
    ? ''
    : `<span>95 %: ${(100 * interval.low).toFixed(digits)} to ${formatPercent(interval.high, digits)}</span>`;

/** Formats the numbers at the top. */
export function formatFigures(evaluation: Evaluation & Partial<Pick<CollectionEvaluation, 'index'>>): string {
  const { intervals, decisions, nonPets, matchPrecision, index } = evaluation;
  const confidence = evaluation.calibrated ? '' : 'without calibration';
  const figures: [name: string, value: string, note?: string][] = [
    ['queries', evaluation.n.toLocaleString('en')],
    ['vote right', formatShare(evaluation.top1), formatInterval(intervals.top1)],
    ['mean over labels', formatShare(evaluation.macroTop1)],
    ['recall@1', formatShare(evaluation.recallAt[1]), formatInterval(intervals.recallAt1)],
    ['recall@5', formatShare(evaluation.recallAt[5])],
    ['recall@10', formatShare(evaluation.recallAt[10])],
    ['mAP@R', formatShare(evaluation.mapAtR), formatInterval(intervals.mapAtR)],
    [
      'calibration error (ECE)',
      formatShare(evaluation.ece, 2),
      confidence || formatInterval(intervals.ece, 2),
    ],
    ['answered at 95 % right', formatShare(evaluation.coverageAt95), formatInterval(intervals.coverageAt95)],
    ['answered at 99 % right', formatShare(evaluation.coverageAt99)],
    [
      'called a match',
      formatShare(decisions.match),
      `<span>${formatShare(matchPrecision)} of these right</span>`,
    ],
    ['called ambiguous', formatShare(decisions.ambiguous)],
    ['called unknown', formatShare(decisions.unknown)],
  ];
  if (nonPets !== undefined) {
    figures.push(
      ['AUROC over non-pets', (evaluation.nonPetAuroc ?? 0).toFixed(4)],
      ['non-pets called a match', formatShare(nonPets.decisions.match), `of ${nonPets.n}`],
    );
  }
  if (index !== undefined) {
    const note = `${index.kind}, against an exact search`;
    figures.push(['index recall@10', formatShare(index.recallAt10, 2), note]);
  }
  if (evaluation.unknownLabelAuroc !== null) {
    figures.push(['AUROC over unknown labels', evaluation.unknownLabelAuroc.toFixed(4)]);
  }
  return `<dl class="figures">${figures.map((figure) => formatFigure(...figure)).join('')}</dl>`;
}

/** Formats a table with a row per part of the queries. */
export function formatSplitTable(values: Readonly<Record<string, Figures>>): string {
  const heads = ['', 'queries', 'vote right', 'recall@1', 'ECE', 'match', 'right among match', 'unknown'];
  const rows = Object.entries(values).map(([value, { n, top1, recallAt, ece, decisions, matchPrecision }]) =>
    [
      escapeHtml(value || '(none)'),
      n.toLocaleString('en'),
      formatShare(top1),
      formatShare(recallAt[1]),
      formatShare(ece, 2),
      formatShare(decisions.match),
      formatShare(matchPrecision),
      formatShare(decisions.unknown),
    ]
      .map((cell, i) => (i === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`))
      .join(''),
  );
  return `<div class="scroll"><table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead><tbody>${rows.map((cells) => `<tr>${cells}</tr>`).join('')}</tbody></table></div>`;
}

/** Draws a bar per label, the worst first. */
export function drawLabelBars(perLabel: Evaluation['perLabel']): string {
  const sorted = Object.entries(perLabel).sort(([a, x], [b, y]) => x.top1 - y.top1 || (a < b ? -1 : 1));
  const bars = sorted.map(
    ([label, { n, top1 }]) =>
      `<li><span title="${escapeHtml(label)}">${escapeHtml(label)}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10"/><rect class="bar" width="${formatCoordinate(100 * top1)}" height="10"/></svg><b title="of ${n}">${formatPercent(top1)}</b></li>`,
  );
  return `<ol class="labels">${bars.join('')}</ol>`;
}

/** Draws the photo of a file or item as HTML. */
export type Pictures = (file: string) => Promise<string>;

async function drawPair(
  { file, label, predicted, evidence }: Mistake,
  caption: string,
  pictures: Pictures,
): Promise<string> {
  const shown = await Promise.all([file, ...(evidence === null ? [] : [evidence.file])].map(pictures));
  return `<figure><div class="two">${shown.join('')}</div><figcaption><strong>${escapeHtml(label)}</strong> mistaken for <strong>${escapeHtml(predicted)}</strong><br>${caption}</figcaption></figure>`;
}

/** Draws the most frequent confusions, each with its most confident mistake. */
export async function drawConfusionCases(
  evaluation: Evaluation,
  mistakes: readonly Mistake[],
  { count, pictures }: { count: number; pictures: Pictures },
): Promise<string> {
  const cases = evaluation.confusions.slice(0, count).flatMap((pair) => {
    const example = mistakes.find((m) => m.label === pair.label && m.predicted === pair.predicted);
    const of = evaluation.perLabel[pair.label]?.n ?? 0;
    return example === undefined ? [] : [drawPair(example, `${pair.count} of ${of} photos`, pictures)];
  });
  return `<div class="cases">${(await Promise.all(cases)).join('')}</div>`;
}

/** Draws the most confident mistakes. */
export async function drawWorstCases(
  mistakes: readonly Mistake[],
  { count, pictures }: { count: number; pictures: Pictures },
): Promise<string> {
  const cases = mistakes.slice(0, count).map((mistake) => {
    const { confidence, evidence } = mistake;
    const similarity = evidence === null ? '' : `, similarity ${evidence.similarity.toFixed(2)}`;
    return drawPair(mistake, `confidence ${formatPercent(confidence)}${similarity}`, pictures);
  });
  return `<div class="cases">${(await Promise.all(cases)).join('')}</div>`;
}
