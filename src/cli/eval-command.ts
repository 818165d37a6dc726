/** `pawdex eval`: measures the encoder with one labelled set against another, or a collection with its own photos. */
import path from 'node:path';
import { type Calibration, loadCalibration } from '../breeds/calibration.js';
import { loadSimilarityStatistics } from '../breeds/similarity-statistics.js';
import type { LoadedCard } from '../encoder/model-card.js';
import { PawdexError } from '../errors.js';
import type { EmbeddedSet } from '../evaluation/embed-set.js';
import { evaluate, evaluateBy } from '../evaluation/evaluate.js';
import type { AnyEvaluation, SplitFigures } from '../evaluation/figures.js';
import { listMistakes, type Outcome } from '../evaluation/outcomes.js';
import { drawItemPicture, drawPicture } from '../evaluation/report/pictures.js';
import { writeReport } from '../evaluation/report/write-report.js';
import { countOverlap, type QueryOptions, runQueries } from '../evaluation/run-queries.js';
import { findThumbnail } from '../store/find-thumbnail.js';
import {
  type CommonOptions,
  createCommand,
  EMBEDDING_SETTINGS,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { embedPhotos, embedSets } from './embed-sets.js';
import { failUsage } from './exit-codes.js';
import { formatEvaluationJson, formatEvaluationTable } from './format-evaluation.js';
import { createViewsOption } from './image-arguments.js';
import { failOutput } from './output-file.js';
import { pluralise, printLine, printMessage } from './print.js';
import { addSetOptions } from './set-options.js';
import { runCancellableWork } from './with-engine.js';

const ownOptions = createCommand(
  'eval',
  'measure retrieval and identification: recall@k, mAP@R, accuracy, calibration',
  'eval --gallery photos:train --queries photos:test --json',
  EMBEDDING_SETTINGS,
)
  .option(
    '--gallery <set>',
    'what to search in: a folder, FOLDER:SPLIT for the rows of one split, or a gallery file such as models/gallery.parquet',
  )
  .option('--queries <set>', 'labelled set whose photos are identified')
  .option(
    '-c, --collection <name>',
    'evaluate this collection against itself instead of --gallery and --queries',
  )
  .option('--nonpets <set>', 'photos of subjects that the gallery does not contain')
  .option('--leave-one-out', 'ignore neighbours that are byte-identical to the query')
  .addOption(
    createViewsOption('views of each query whose embeddings are averaged; gallery photos have one view'),
  )
  .option(
    '--by <column>',
    "also report results per value of this column of the queries' manifest, such as source",
  )
  .option('--cache <dir>', 'folder that keeps the embeddings for the next run')
  .option('--calibration <file>', 'calibration to use (default: calibration.json next to the model card)')
  .option('--no-calibration', 'use no calibration')
  .option('--report <dir>', 'write an HTML report with plots and the worst mistakes');

const options = addSetOptions(ownOptions).option('--json', 'print one JSON object');

type EvalFlags = ReturnType<typeof options.opts>;

export const command = options.addOption(SERVER).action(async (flags) => {
  // Here --gallery names a labelled set, not the setting of the same name.
  const common = readCommonOptions({ ...flags, gallery: undefined });
  const measured =
    flags.collection === undefined
      ? await measureSets(flags, common)
      : await measureCollection(flags, common);
  if (measured === null) {
    return;
  }
  const { evaluation, report, by } = measured;
  if (report !== null && !common.quiet) {
    printMessage(`Wrote the report to ${report}.`);
  }
  await printLine(flags.json ? formatEvaluationJson(evaluation, by) : formatEvaluationTable(evaluation, by));
});

interface Measured {
  evaluation: AnyEvaluation;
  report: string | null;
  /** Figures for each value of the column of `--by`. */
  by?: SplitFigures;
}

async function measureSets(flags: EvalFlags, common: CommonOptions): Promise<Measured> {
  const { gallery: gallerySpec, queries: queriesSpec, nonpets, report } = flags;
  if (gallerySpec === undefined || queriesSpec === undefined) {
    failUsage('Pass --gallery and --queries, or --collection.');
  }
  const { views } = flags;
  const requests = [
    { set: gallerySpec },
    { set: queriesSpec, views },
    ...(nonpets === undefined ? [] : [{ set: nonpets, views, isOther: true }]),
  ];
  const calibration = await loadGivenCalibration(flags, common.config.MODEL);
  const { sets, card, fingerprint } = await embedSets(requests, flags.cache, common, flags);
  const [gallery, queries, nonPets] = sets as [EmbeddedSet, EmbeddedSet, EmbeddedSet?];
  if (flags.leaveOneOut !== true) {
    warnAboutOverlap(gallery, queries);
  }
  const { MODEL, MAX_PIXELS } = common.config;
  const answering = { calibration: keepMatching(calibration, fingerprint), card, fingerprint };
  const asking = { gallery, ...(await readAnswering(flags, MODEL, answering)) };
  const outcomes = runQueries({ ...asking, queries });
  const others = nonPets === undefined ? undefined : runQueries({ ...asking, queries: nonPets });
  const evaluation = evaluate(outcomes, others);
  const by = splitFigures(flags.by, outcomes);
  if (report === undefined) {
    return { evaluation, report: null, by };
  }
  const listFamiliarity = (of: Outcome[]) => of.map(({ familiarity }) => familiarity);
  const page = await writeReport(report, {
    evaluation,
    mistakes: listMistakes(outcomes),
    familiarity: { queries: listFamiliarity(outcomes), nonPets: listFamiliarity(others ?? []) },
    subject: { gallery: gallerySpec, queries: queriesSpec },
    model: { name: card.name, fingerprint },
    pictures: (file) => drawPicture(file, MAX_PIXELS),
    by,
  }).catch(failOutput);
  return { evaluation, report: page, by };
}

/** Reads how to answer the queries: like the server, with the calibration and the non-pets next to the model. */
async function readAnswering(
  flags: EvalFlags,
  model: string,
  {
    calibration,
    card,
    fingerprint,
  }: Pick<LoadedCard, 'card' | 'fingerprint'> & { calibration: Calibration | null },
): Promise<Omit<QueryOptions, 'gallery' | 'queries'>> {
  const similarities = path.join(path.dirname(model), 'similarity.json');
  return {
    k: calibration?.k ?? card.vote.k,
    leaveOneOut: flags.leaveOneOut === true,
    answering: { temperature: card.vote.temperature, calibration },
    references: (await loadSimilarityStatistics(similarities, fingerprint))?.nonPets ?? null,
  };
}

function splitFigures(column: string | undefined, outcomes: Outcome[]): SplitFigures | undefined {
  if (column === undefined) {
    return undefined;
  }
  if (column !== 'label' && !outcomes.some(({ metadata }) => metadata[column] !== undefined)) {
    failUsage(`The manifest of the queries has no column "${column}" to split by.`);
  }
  return { column, values: evaluateBy(outcomes, column) };
}

/** Measures a collection, in the process that has it open. */
async function measureCollection(flags: EvalFlags, common: CommonOptions): Promise<Measured | null> {
  const { collection, gallery, queries, nonpets, report } = flags;
  if (gallery !== undefined || queries !== undefined || collection === undefined) {
    failUsage('--collection cannot be combined with --gallery and --queries.');
  }
  // A collection is evaluated with its stored vectors and its own calibration.
  if (
    flags.views !== '1' ||
    flags.cache !== undefined ||
    flags.by !== undefined ||
    (flags.calibration ?? true) !== true
  ) {
    failUsage(
      '--views, --cache, --by, --calibration and --no-calibration cannot be combined with --collection.',
    );
  }
  const nonPets = nonpets === undefined ? undefined : { embeddings: await embedPhotos(nonpets, common) };
  return runCancellableWork(common, async (engine, work) => {
    const evaluation = await engine.evaluate(collection, { ...work, nonPets });
    if (evaluation.photos === 0) {
      printMessage('Nothing can be measured: no two photos of the collection have the same label.');
    }
    if (report === undefined) {
      return { evaluation, report: null };
    }
    const page = await writeReport(report, {
      evaluation,
      mistakes: evaluation.mistakes,
      familiarity: evaluation.familiarity,
      subject: { collection },
      model: engine.encoder,
      pictures: async (id) => drawItemPicture(await findThumbnail(engine.store, collection, id), id),
    }).catch(failOutput);
    return { evaluation, report: page };
  });
}

/**
 * Loads the calibration to use: the given one, or the one next to the model card, if there is one.
 *
 * @throws PawdexError calibration_invalid
 */
async function loadGivenCalibration(
  { calibration: flag }: EvalFlags,
  cardPath: string,
): Promise<Calibration | null> {
  if (flag === false) {
    return null;
  }
  if (typeof flag !== 'string') {
    return loadCalibration(path.join(path.dirname(cardPath), 'calibration.json'));
  }
  const calibration = await loadCalibration(flag);
  if (calibration === null) {
    throw new PawdexError('calibration_invalid', {
      detail: `${flag} does not exist.`,
      hint: 'Check the path of --calibration.',
    });
  }
  return calibration;
}

/** Returns null, with a warning, if the calibration belongs to another encoder. */
function keepMatching(calibration: Calibration | null, fingerprint: string): Calibration | null {
  if (calibration === null || calibration.fingerprint === fingerprint) {
    return calibration;
  }
  printMessage(
    'warning: The calibration belongs to another encoder and is ignored: answers are uncalibrated.',
  );
  return null;
}

function warnAboutOverlap(gallery: EmbeddedSet, queries: EmbeddedSet): void {
  const { same, nearly } = countOverlap(gallery, queries);
  const count = (photos: number) => `${pluralise(photos, 'query photo')} ${photos === 1 ? 'is' : 'are'}`;
  if (same > 0) {
    printMessage(
      `warning: ${count(same)} also in the gallery. Use --leave-one-out, so that photos do not find themselves.`,
    );
  }
  if (nearly > 0) {
    printMessage(
      `warning: ${count(nearly)} nearly identical to one in the gallery. A column \`group\` in both manifests keeps them apart.`,
    );
  }
}
