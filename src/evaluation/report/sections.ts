/** The report's parts that are text and pictures. */
import { type Evaluation, predictedLabel } from '../evaluate.js';
import type { Interval } from '../metrics/bootstrap.js';
import type { Outcome } from '../outcomes.js';
import { picture } from './pictures.js';
import { at, escapeHtml, percent } from './svg.js';

/** A mistake that is shown with its pictures. */
interface Mistake {
  outcome: Outcome;
  predicted: string;
}

const figure = (name: string, value: string, note = '') =>
  `<div><dt>${name}</dt><dd>${value}${note === '' ? '' : `<small>${note}</small>`}</dd></div>`;
const share = (value: number | null | undefined, digits = 1) =>
  value === null || value === undefined ? 'not defined' : percent(value, digits);
const between = (interval: Interval | null, digits = 1) =>
  interval === null ? '' : `95 %: ${percent(interval.low, digits)} to ${percent(interval.high, digits)}`;

/** The numbers at the top. */
export function figures(evaluation: Evaluation): string {
  const { intervals, decisions, nonPets, matchPrecision } = evaluation;
  const confidence = evaluation.calibrated ? '' : 'of the bare vote';
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
    figure('called a match', share(decisions.match), `of these right: ${share(matchPrecision)}`),
    figure('called ambiguous', share(decisions.ambiguous)),
    figure('called unknown', share(decisions.unknown)),
    ...(nonPets === undefined
      ? []
      : [
          figure('AUROC over non-pets', (evaluation.nonPetAuroc ?? 0).toFixed(4)),
          figure('non-pets called a match', share(nonPets.decisions.match), `of ${nonPets.n}`),
        ]),
    ...(evaluation.unknownLabelAuroc === null
      ? []
      : [figure('AUROC over unknown labels', evaluation.unknownLabelAuroc.toFixed(4))]),
  ].join('')}</dl>`;
}

/** A bar for each label, the worst first. */
export function labelBars(perLabel: Evaluation['perLabel']): string {
  const sorted = Object.entries(perLabel).sort(([a, x], [b, y]) => x.top1 - y.top1 || (a < b ? -1 : 1));
  const bars = sorted.map(
    ([label, { n, top1 }]) =>
      `<li><span title="${escapeHtml(label)}">${escapeHtml(label)}</span><svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="100" height="10"/><rect class="bar" width="${at(100 * top1)}" height="10"/></svg><b title="of ${n}">${percent(top1)}</b></li>`,
  );
  return `<ol class="labels">${bars.join('')}</ol>`;
}

async function pairOf({ outcome, predicted }: Mistake, caption: string, maxPixels: number): Promise<string> {
  const other = outcome.evidence;
  const pictures = await Promise.all(
    [outcome.file, ...(other === null ? [] : [other.file])].map((file) => picture(file, maxPixels)),
  );
  return `<figure><div class="two">${pictures.join('')}</div><figcaption><strong>${escapeHtml(outcome.label)}</strong> taken for <strong>${escapeHtml(predicted)}</strong><br>${caption}</figcaption></figure>`;
}

function mistakesOf(outcomes: readonly Outcome[]): Mistake[] {
  return outcomes
    .flatMap((outcome) => {
      const predicted = predictedLabel(outcome);
      return predicted === null || predicted === outcome.label ? [] : [{ outcome, predicted }];
    })
    .sort((a, b) => b.outcome.answer.confidence - a.outcome.answer.confidence);
}

/** The most frequent confusions, each with the surest mistake of its kind. */
export async function confusionCases(
  evaluation: Evaluation,
  outcomes: readonly Outcome[],
  { count, maxPixels }: { count: number; maxPixels: number },
): Promise<string> {
  const mistakes = mistakesOf(outcomes);
  const cases = evaluation.confusions.slice(0, count).flatMap((pair) => {
    const example = mistakes.find((m) => m.outcome.label === pair.label && m.predicted === pair.predicted);
    const of = evaluation.perLabel[pair.label]?.n ?? 0;
    return example === undefined ? [] : [pairOf(example, `${pair.count} of ${of} photos`, maxPixels)];
  });
  return `<div class="cases">${(await Promise.all(cases)).join('')}</div>`;
}

/** The mistakes that were made with the most confidence. */
export async function worstCases(
  outcomes: readonly Outcome[],
  { count, maxPixels }: { count: number; maxPixels: number },
): Promise<string> {
  const cases = mistakesOf(outcomes)
    .slice(0, count)
    .map((mistake) => {
      const { answer, evidence } = mistake.outcome;
      const similarity = evidence === null ? '' : `, similarity ${evidence.similarity.toFixed(2)}`;
      return pairOf(mistake, `confidence ${percent(answer.confidence)}${similarity}`, maxPixels);
    });
  return `<div class="cases">${(await Promise.all(cases)).join('')}</div>`;
}
