/** The text and picture sections of the report. */
import type { Evaluation } from '../evaluate.js';
import {
  type AnyEvaluation,
  formatPercent,
  listFigures,
  type SplitFigures,
  tabulateSplit,
} from '../figures.js';
import type { Mistake } from '../outcomes.js';
import { escapeHtml, formatCoordinate } from './svg.js';

/** Number of confusions and of mistakes to show. */
const CONFUSIONS = 12;
const MISTAKES = 24;

export function formatFigures(evaluation: AnyEvaluation): string {
  const cells = listFigures(evaluation).map(
    ([name, value, note]) =>
      `<div><dt>${escapeHtml(name)}</dt><dd>${value}${note ? `<small>${note}</small>` : ''}</dd></div>`,
  );
  return `<dl class="figures">${cells.join('')}</dl>`;
}

/** Formats a table with a row per part of the queries. */
export function formatSplitTable(by: SplitFigures): string {
  const { head, rows } = tabulateSplit(by);
  const row = ([name = '', ...cells]: string[]) =>
    `<tr><th scope="row">${escapeHtml(name)}</th>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
  return `<div class="scroll"><table><thead><tr>${head.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('')}</tr></thead><tbody>${rows.map(row).join('')}</tbody></table></div>`;
}

/** Draws a bar per label, the worst first. */
export function drawLabelBars(perLabel: Evaluation['perLabel']): string {
  const sorted = Object.entries(perLabel).sort(([a, x], [b, y]) => x.top1 - y.top1 || (a < b ? -1 : 1));
  const bars = sorted.map(
    ([label, { n, top1 }]) =>
      `<li><span title="${escapeHtml(label)}">${escapeHtml(label)}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10"/><rect class="bar" width="${formatCoordinate(100 * top1)}" height="10"/></svg><b title="of ${n}">${formatPercent(top1, 0)}</b></li>`,
  );
  return `<ol class="labels">${bars.join('')}</ol>`;
}

/** Draws the photo of a file or item as HTML. */
export type Pictures = (file: string) => Promise<string>;

/** Draws mistakes, each with its evidence and a caption. */
async function drawCases(
  cases: readonly { mistake: Mistake; caption: string }[],
  pictures: Pictures,
): Promise<string> {
  const figures = cases.map(async ({ mistake: { file, label, predicted, evidence }, caption }) => {
    const shown = await Promise.all([file, ...(evidence === null ? [] : [evidence.file])].map(pictures));
    return `<figure><div class="two">${shown.join('')}</div><figcaption><strong>${escapeHtml(label)}</strong> mistaken for <strong>${escapeHtml(predicted)}</strong><br>${caption}</figcaption></figure>`;
  });
  return `<div class="cases">${(await Promise.all(figures)).join('')}</div>`;
}

/** Draws the most frequent confusions, each with its most confident mistake. */
export function drawConfusionCases(
  { confusions, perLabel }: Evaluation,
  mistakes: readonly Mistake[],
  pictures: Pictures,
): Promise<string> {
  const cases = confusions.slice(0, CONFUSIONS).flatMap(({ label, predicted, count }) => {
    const mistake = mistakes.find((each) => each.label === label && each.predicted === predicted);
    const caption = `${count} of ${perLabel[label]?.n ?? 0} photos`;
    return mistake === undefined ? [] : [{ mistake, caption }];
  });
  return drawCases(cases, pictures);
}

/** Draws the most confident mistakes. */
export function drawWorstCases(mistakes: readonly Mistake[], pictures: Pictures): Promise<string> {
  const cases = mistakes.slice(0, MISTAKES).map((mistake) => {
    const { confidence, evidence } = mistake;
    const similarity = evidence === null ? '' : `, similarity ${evidence.similarity.toFixed(2)}`;
    return { mistake, caption: `confidence ${formatPercent(confidence, 0)}${similarity}` };
  });
  return drawCases(cases, pictures);
}
