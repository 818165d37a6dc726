/** Writes an evaluation as one HTML page that contains its styles, plots and pictures. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createFolder } from '../../files/create-folder.js';
import type { AnyEvaluation, SplitFigures } from '../figures.js';
import type { Mistake } from '../outcomes.js';
import { drawFamiliarity, drawReliability, drawRiskCoverage } from './plots.js';
import { createPage } from './report-style.js';
import {
  drawConfusionCases,
  drawLabelBars,
  drawWorstCases,
  formatFigures,
  formatSplitTable,
  type Pictures,
} from './sections.js';
import { escapeHtml } from './svg.js';

export interface ReportInput {
  evaluation: AnyEvaluation;
  /** The wrong answers, most confident first. */
  mistakes: readonly Mistake[];
  /** Mean similarity of the nearest neighbours, for every query and non-pet. */
  familiarity: { queries: number[]; nonPets: number[] };
  /** Names of the sets, or of the collection. */
  subject: { gallery: string; queries: string } | { collection: string };
  model: { name: string; fingerprint: string };
  pictures: Pictures;
  by?: SplitFigures | undefined;
}

const createSection = (title: string, text: string, content: string, className = '') =>
  `<section${className === '' ? '' : ` class="${className}"`}><h2>${title}</h2><p class="soft">${text}</p>${content}</section>`;

function describeSubject({ subject, evaluation }: ReportInput): { title: string; heading: string } {
  if ('collection' in subject) {
    const name = escapeHtml(subject.collection);
    const queryCount = evaluation.n.toLocaleString('en');
    const photoCount = (evaluation.photos ?? evaluation.n).toLocaleString('en');
    return {
      title: `collection ${name}`,
      heading: `Collection <code>${name}</code>: ${queryCount} of its ${photoCount} labelled photos, each identified without itself`,
    };
  }
  const queries = escapeHtml(subject.queries);
  const gallery = escapeHtml(subject.gallery);
  return {
    title: `${queries} against ${gallery}`,
    heading: `Queries <code>${queries}</code> against the gallery <code>${gallery}</code>`,
  };
}

/** Draws the quality of the confidence as plots. */
function renderPlots({ evaluation, familiarity }: ReportInput): string {
  const plots = [
    createSection(
      'Is the confidence right?',
      'Bars: share of right answers. Dots: mean confidence of the bin. On the dashed line both are equal. Paler bars are based on fewer answers.',
      drawReliability(evaluation.reliability),
    ),
    createSection(
      'Answering only when sure',
      'Share of wrong answers if the least certain queries are left unanswered. The dashed line is 5 % wrong. The dot shows how many can be answered at that level.',
      drawRiskCoverage(evaluation.riskCoverage, evaluation.coverageAt95),
    ),
  ];
  if (familiarity.nonPets.length > 0) {
    plots.push(
      createSection(
        'Is the subject known at all?',
        `<span class="key main"></span> queries, <span class="key second"></span> photos of something else. The less they overlap, the better non-pets can be recognised.`,
        drawFamiliarity(familiarity.queries, familiarity.nonPets),
      ),
    );
  }
  return `<div class="plots">${plots.join('')}</div>`;
}

/** Draws the confusions and the worst mistakes, with their photos. */
async function renderMistakes({ evaluation, mistakes, pictures }: ReportInput): Promise<string[]> {
  if (evaluation.confusions.length === 0) {
    return [];
  }
  return [
    createSection(
      'Confusions',
      'The most frequent confusions. Left: the query. Right: the nearest photo of the breed that it was mistaken for.',
      await drawConfusionCases(evaluation, mistakes, pictures),
      'long',
    ),
    createSection(
      'The worst mistakes',
      'Wrong answers, most confident first. Some of them are wrong labels rather than wrong answers.',
      await drawWorstCases(mistakes, pictures),
      'long',
    ),
  ];
}

/** Formats the figures of all queries, and of parts of them. */
function renderFigures({ evaluation, by }: ReportInput): string[] {
  const meaning = evaluation.calibrated
    ? 'Confidence is the calibrated probability that the first breed is right.'
    : 'There was no calibration: confidence is the share of the vote.';
  const parts = [createSection('In numbers', meaning, formatFigures(evaluation))];
  if (by !== undefined) {
    const title = `By ${escapeHtml(by.column)}`;
    parts.push(createSection(title, 'The same figures for parts of the queries.', formatSplitTable(by)));
  }
  return parts;
}

/** Formats the report as HTML. */
export async function renderReport(input: ReportInput): Promise<string> {
  const { evaluation, model } = input;
  const parts = [
    ...renderFigures(input),
    renderPlots(input),
    createSection(
      'Labels',
      'Share of right answers for each label, lowest first.',
      drawLabelBars(evaluation.perLabel),
      'long',
    ),
    ...(await renderMistakes(input)),
  ];
  const { title, heading } = describeSubject(input);
  return createPage(
    `pawdex evaluation: ${title}`,
    `<h1>Evaluation</h1>
<p>${heading}<br>
<span class="soft">model ${escapeHtml(model.name)}, fingerprint <code>${escapeHtml(model.fingerprint.slice(0, 16))}</code></span></p>
${parts.join('\n')}`,
  );
}

/**
 * @param dir folder for the report, created if missing
 * @returns path of the page
 */
export async function writeReport(dir: string, input: ReportInput): Promise<string> {
  const html = await renderReport(input);
  createFolder(dir);
  const file = path.join(dir, 'index.html');
  await writeFile(file, html);
  return file;
}
