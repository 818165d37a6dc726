/** Writes an evaluation as one HTML page that needs nothing else: style, plots and pictures are inside. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Evaluation } from '../evaluate.js';
import type { Outcome } from '../outcomes.js';
import { familiarityPlot, reliabilityPlot, riskCoveragePlot } from './plots.js';
import { confusionCases, figures, labelBars, worstCases } from './sections.js';
import { STYLE } from './style.js';
import { escapeHtml } from './svg.js';

const CONFUSIONS = 12;
const MISTAKES = 24;

/** What the report is about. */
export interface ReportInput {
  evaluation: Evaluation;
  outcomes: readonly Outcome[];
  nonPets?: readonly Outcome[];
  /** Names of the sets as they were given, and of the model. */
  gallery: string;
  queries: string;
  model: { name: string; fingerprint: string };
  /** Pictures larger than this are not decoded. */
  maxPixels: number;
}

const section = (title: string, text: string, content: string, name = '') =>
  `<section${name === '' ? '' : ` class="${name}"`}><h2>${title}</h2><p class="soft">${text}</p>${content}</section>`;

async function page(input: ReportInput): Promise<string> {
  const { evaluation, outcomes, nonPets, model, maxPixels } = input;
  const meaning = evaluation.calibrated
    ? 'Confidence is the calibrated probability that the first breed is right.'
    : 'There was no calibration: confidence is the share of the vote.';
  const familiarityOf = (of: readonly Outcome[]) => of.map(({ familiarity }) => familiarity);
  const parts = [
    section('In numbers', meaning, figures(evaluation)),
    `<div class="pair">${section('Does confidence come true?', 'Bars: share of right answers; dots: where the mean confidence of the bin lies. On the dashed line the two are equal. Paler bars rest on fewer answers.', reliabilityPlot(evaluation.reliability))}${section('What is gained by answering only when sure?', 'Mistakes among the answers when the least sure queries are left unanswered. The dashed line is 5 % wrong; the dot is the most that can be answered there.', riskCoveragePlot(evaluation.riskCoverage, evaluation.coverageAt95))}</div>`,
    nonPets === undefined
      ? ''
      : section(
          'Is it known at all?',
          `<span class="key" style="background:var(--main)"></span> queries, <span class="key" style="background:var(--second)"></span> photos of something else: the less the two overlap, the better what is not a pet can be told.`,
          `<div style="max-width:34rem">${familiarityPlot(familiarityOf(outcomes), familiarityOf(nonPets))}</div>`,
        ),
    section(
      'Labels',
      'Share of each label’s photos that the vote gets right, the lowest first.',
      labelBars(evaluation.perLabel),
      'long',
    ),
    evaluation.confusions.length === 0
      ? ''
      : section(
          'What is taken for what',
          'The most frequent confusions. Left the query, right the nearest photo of the breed it was taken for.',
          await confusionCases(evaluation, outcomes, { count: CONFUSIONS, maxPixels }),
          'long',
        ) +
        section(
          'The worst mistakes',
          'Wrong answers in order of their confidence; some of them are wrong labels rather than wrong answers.',
          await worstCases(outcomes, { count: MISTAKES, maxPixels }),
          'long',
        ),
  ];
  const title = `${escapeHtml(input.queries)} against ${escapeHtml(input.gallery)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pawdex evaluation: ${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>Evaluation</h1>
<p>Queries <code>${escapeHtml(input.queries)}</code> against the gallery <code>${escapeHtml(input.gallery)}</code><br>
<span class="soft">model ${escapeHtml(model.name)}, fingerprint <code>${escapeHtml(model.fingerprint.slice(0, 16))}</code></span></p>
${parts.join('\n')}
</main>
</body>
</html>
`;
}

/**
 * @param dir folder for the report, made when missing
 * @returns path of the page
 */
export async function writeReport(dir: string, input: ReportInput): Promise<string> {
  const html = await page(input);
  await mkdir(dir, { recursive: true });
  const file = path.join(dir, 'index.html');
  await writeFile(file, html);
  return file;
}
