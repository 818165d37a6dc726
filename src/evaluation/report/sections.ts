/** The text and picture sections of the report. */
import type { Evaluation, Figures } from '../evaluate.js';
import type { CollectionEvaluation } from '../evaluate-collection.js';
import type { Interval } from '../metrics/bootstrap.js';
import type { Mistake } from '../outcomes.js';
import { at, escapeHtml, formatPercent } from './svg.js';

const figure = (name: string, value: string, note = '') =>
  `<div><dt>${name}</dt><dd>${value}${note === '' ? '' : `<small>${note}</small>`}</dd></div>`;
const share = (value: number | null | undefined, digits = 1) =>
  value === null || value === undefined ? 'not defined' : formatPercent(value, digits);
const between = (interval: Interval | null, digits = 1) =>
  interval === null
    ? ''
    : `<span>95 %: ${(100 * interval.low).toFixed(digits)} to ${formatPercent(interval.high, digits)}</span>`;

/** Formats the numbers at the top. */
export function formatFigures(evaluation: Evaluation & Partial<Pick<CollectionEvaluation, 'index'>>): string {
  const { intervals, decisions, nonPets, matchPrecision, index } = evaluation;
  const confidence = evaluation.calibrated ? '' : 'without calibration';
  return `<dl class="figures">${[
    figure('queries', evaluation.n.toLocaleString('en')),
    figure('vote right', share(evaluation.top1), between(intervals.top1)),
    figure('mean over labels', share(evaluation.macroTop1)),
    figure('recall@1', share(evaluation.recallAt[1]), between(intervals.recallAt1)),
    figure('recall@5', share(evaluation.recallAt[5])),
    figure('recall@10', share(evaluation.recallAt[10])),
    figure('mAP@R', share(evaluation.mapAtR), between(intervals.mapAtR)),
    figure('calibration error (ECE)', share(evaluation.ece, 2), confidence || between(intervals.ece, 2)),
    figure('answered at 95 % right', share(evaluation.coverageAt95), between(intervals.coverageAt95)),
    figure('answered at 99 % right', share(evaluation.coverageAt99)),
    figure('called a match', share(decisions.match), `<span>${share(matchPrecision)} of these right</span>`),
    figure('called ambiguous', share(decisions.ambiguous)),
    figure('called unknown', share(decisions.unknown)),
    ...(nonPets === undefined
      ? []
      : [
          figure('AUROC over non-pets', (evaluation.nonPetAuroc ?? 0).toFixed(4)),
          figure('non-pets called a match', share(nonPets.decisions.match), `of ${nonPets.n}`),
        ]),
    ...(index === undefined
      ? []
      : [figure('index recall@10', share(index.recallAt10, 2), `${index.kind}, against an exact search`)]),
    ...(evaluation.unknownLabelAuroc === null
      ? []
      : [figure('AUROC over unknown labels', evaluation.unknownLabelAuroc.toFixed(4))]),
  ].join('')}</dl>`;
}

/** Formats a table with a row per part of the queries. */
export function formatSplitTable(values: Readonly<Record<string, Figures>>): string {
  const heads = ['', 'queries', 'vote right', 'recall@1', 'ECE', 'match', 'right among match', 'unknown'];
  const rows = Object.entries(values).map(([value, { n, top1, recallAt, ece, decisions, matchPrecision }]) =>
    [
      escapeHtml(value || '(none)'),
      n.toLocaleString('en'),
      share(top1),
      share(recallAt[1]),
      share(ece, 2),
      share(decisions.match),
      share(matchPrecision),
      share(decisions.unknown),
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
      `<li><span title="${escapeHtml(label)}">${escapeHtml(label)}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10"/><rect class="bar" width="${at(100 * top1)}" height="10"/></svg><b title="of ${n}">${formatPercent(top1)}</b></li>`,
  );
  return `<ol class="labels">${bars.join('')}</ol>`;
}

/** Draws the photo of a file or item as HTML. */
export type Pictures = (file: string) => Promise<string>;

async function pairOf(
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
    return example === undefined ? [] : [pairOf(example, `${pair.count} of ${of} photos`, pictures)];
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
    return pairOf(mistake, `confidence ${formatPercent(confidence)}${similarity}`, pictures);
  });
  return `<div class="cases">${(await Promise.all(cases)).join('')}</div>`;
}
