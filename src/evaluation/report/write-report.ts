/** Writes an evaluation as one HTML page that needs nothing else: style, plots and pictures are inside. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createFolder } from '../../files/create-folder.js';
import type { Evaluation, Figures } from '../evaluate.js';
import type { CollectionEvaluation } from '../evaluate-collection.js';
import type { Mistake } from '../outcomes.js';
import { drawFamiliarity, drawReliability, drawRiskCoverage } from './plots.js';
import { STYLE } from './report-style.js';
import {
  drawConfusionCases,
  drawLabelBars,
  drawWorstCases,
  formatFigures,
  formatSplitTable,
  type Pictures,
} from './sections.js';
import { escapeHtml } from './svg.js';

const CONFUSIONS = 12;
const MISTAKES = 24;

/** What the report is about. */
export interface ReportInput {
  evaluation: Evaluation & Partial<Pick<CollectionEvaluation, 'index' | 'photos'>>;
  /** The wrong answers, the surest first. */
  mistakes: readonly Mistake[];
  /** Mean similarity of the nearest neighbours of every query and photo of something else. */
  familiarity: { queries: number[]; nonPets: number[] };
  /** Names of the sets as they were given, or of the collection. */
  subject: { gallery: string; queries: string } | { collection: string };
  model: { name: string; fingerprint: string };
  pictures: Pictures;
  /** Figures for each value of a column of the queries' manifest. */
  by?: { column: string; values: Record<string, Figures> } | undefined;
}

const section = (title: string, text: string, content: string, name = '') =>
  `<section${name === '' ? '' : ` class="${name}"`}><h2>${title}</h2><p class="soft">${text}</p>${content}</section>`;

function describeSubject({ subject, evaluation }: ReportInput): { title: string; heading: string } {
  if ('collection' in subject) {
    const name = escapeHtml(subject.collection);
    const asked = evaluation.n.toLocaleString('en');
    const of = (evaluation.photos ?? evaluation.n).toLocaleString('en');
    return {
      title: `collection ${name}`,
      heading: `Collection <code>${name}</code>: ${asked} of its ${of} photos with a label, each asked without itself`,
    };
  }
  const [queries, gallery] = [escapeHtml(subject.queries), escapeHtml(subject.gallery)];
  return {
    title: `${queries} against ${gallery}`,
    heading: `Queries <code>${queries}</code> against the gallery <code>${gallery}</code>`,
  };
}

/** How good the confidence is, as plots beside each other. */
function renderPlots({ evaluation, familiarity }: ReportInput): string {
  const plots = [
    section(
      'Does confidence come true?',
      'Bars: share of right answers; dots: where the mean confidence of the bin lies. On the dashed line the two are equal. Paler bars rest on fewer answers.',
      drawReliability(evaluation.reliability),
    ),
    section(
      'Answered only when sure',
      'Mistakes among the answers when the least sure queries are left unanswered. The dashed line is 5 % wrong; the dot is the most that can be answered there.',
      drawRiskCoverage(evaluation.riskCoverage, evaluation.coverageAt95),
    ),
  ];
  if (familiarity.nonPets.length > 0) {
    plots.push(
      section(
        'Is it known at all?',
        `<span class="key main"></span> queries, <span class="key second"></span> photos of something else: the less the two overlap, the better what is not a pet can be told.`,
        drawFamiliarity(familiarity.queries, familiarity.nonPets),
      ),
    );
  }
  return `<div class="plots">${plots.join('')}</div>`;
}

/** The confusions and the worst mistakes, with their photos. */
async function renderMistakes({ evaluation, mistakes, pictures }: ReportInput): Promise<string[]> {
  if (evaluation.confusions.length === 0) {
    return [];
  }
  return [
    section(
      'What is taken for what',
      'The most frequent confusions. Left the query, right the nearest photo of the breed it was taken for.',
      await drawConfusionCases(evaluation, mistakes, { count: CONFUSIONS, pictures }),
      'long',
    ),
    section(
      'The worst mistakes',
      'Wrong answers in order of their confidence; some of them are wrong labels rather than wrong answers.',
      await drawWorstCases(mistakes, { count: MISTAKES, pictures }),
      'long',
    ),
  ];
}

/** The figures of the queries, as a whole and in parts. */
function renderFigures({ evaluation, by }: ReportInput): string[] {
  const meaning = evaluation.calibrated
    ? 'Confidence is the calibrated probability that the first breed is right.'
    : 'There was no calibration: confidence is the share of the vote.';
  const parts = [section('In numbers', meaning, formatFigures(evaluation))];
  if (by !== undefined) {
    const title = `By ${escapeHtml(by.column)}`;
    parts.push(section(title, 'The same figures for parts of the queries.', formatSplitTable(by.values)));
  }
  if (evaluation.keptApart > 0) {
    parts.push(
      `<p class="soft">${evaluation.keptApart} pairs of query and gallery photo of one <code>group</code>, or of the same bytes, were kept from finding each other.</p>`,
    );
  }
  return parts;
}

/** The report as the text of an HTML page. */
export async function renderReport(input: ReportInput): Promise<string> {
  const { evaluation, model } = input;
  const parts = [
    ...renderFigures(input),
    renderPlots(input),
    section(
      'Labels',
      'Share of each label’s photos that the vote gets right, the lowest first.',
      drawLabelBars(evaluation.perLabel),
      'long',
    ),
    ...(await renderMistakes(input)),
  ];
  const { title, heading } = describeSubject(input);
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
<p>${heading}<br>
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
  const html = await renderReport(input);
  createFolder(dir);
  const file = path.join(dir, 'index.html');
  await writeFile(file, html);
  return file;
}
