/**
 * `pawdex eval`: how good the model and its answers are, measured with one labelled set against another, or with a
 * collection's own photos.
 */
import path from 'node:path';
import type { Command } from 'commander';
import type { Calibration } from '../breeds/calibration.js';
import { loadCalibration } from '../breeds/load-calibration.js';
import type { Engine } from '../engine/engine.js';
import { asPawdexError, PawdexError } from '../errors.js';
import type { EmbeddedSet } from '../evaluation/embed-set.js';
import { type Evaluation, evaluate } from '../evaluation/evaluate.js';
import type { CollectionEvaluation } from '../evaluation/evaluate-collection.js';
import { mistakesOf } from '../evaluation/mistakes.js';
import { ask, countOverlap, type Outcome } from '../evaluation/outcomes.js';
import { itemPicture, picture } from '../evaluation/report/pictures.js';
import { writeReport } from '../evaluation/report/write-report.js';
import type { Views } from '../image/views.js';
import { type CommonOptions, command, commonOptions, viewsOption, withServerOption } from './command.js';
import { withWork } from './connect.js';
import { embedSets, vectorsOf } from './embed-sets.js';
import { evaluationJson, evaluationTable } from './eval-output.js';
import { note, plural, printLine } from './output.js';

interface EvalFlags {
  gallery?: string;
  queries?: string;
  collection?: string;
  nonpets?: string;
  leaveOneOut?: boolean;
  views: Views;
  json?: boolean;
  cache?: string;
  report?: string;
  /** False for `--no-calibration`. */
  calibration: string | boolean;
}

/** The command, not yet wired. */
export function evalCommand(): Command {
  return withServerOption(
    command(
      'eval',
      'measure a labelled set against another: recall@k, mAP@R, accuracy of the vote, calibration',
      'eval --gallery photos:train --queries photos:test --json',
    ),
  )
    .option('--gallery <set>', 'labelled set to search in: a folder, or FOLDER:split of its manifest.csv')
    .option('--queries <set>', 'labelled set whose photos are asked')
    .option('--collection <name>', 'ask this collection for its own photos instead')
    .option('--nonpets <set>', 'photos that show nothing the gallery holds')
    .option('--leave-one-out', 'a query does not find the photo with the same bytes')
    .addOption(
      viewsOption('views of each photo that is asked, whose embeddings are averaged; the gallery has one'),
    )
    .option('--cache <dir>', 'keep embeddings here for the next evaluation')
    .option(
      '--calibration <file>',
      'calibration of the answers (default: calibration.json beside the model card)',
    )
    .option('--no-calibration', 'answer by the bare vote')
    .option('--report <dir>', 'write a page with plots and the worst mistakes')
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run(flags: EvalFlags & Record<string, unknown>): Promise<void> {
  // --gallery is this command's own; the setting of that name is not used here unless a collection is opened.
  const common = commonOptions({ ...flags, gallery: undefined });
  const measured =
    flags.collection === undefined ? await ofSets(flags, common) : await ofCollection(flags, common);
  if (measured === null) return;
  const { evaluation, report } = measured;
  if (report !== null && !common.quiet) note(`The report is ${report}`);
  if (flags.json === true) await printLine(evaluationJson(evaluation));
  else for (const line of evaluationTable(evaluation)) await printLine(line);
}

interface Measured {
  evaluation: Evaluation | CollectionEvaluation;
  /** The page that was written, or null. */
  report: string | null;
}

function usage(detail: string): never {
  throw new PawdexError('usage', { detail });
}

async function ofSets(flags: EvalFlags, common: CommonOptions): Promise<Measured> {
  const { gallery: gallerySpec, queries: queriesSpec, nonpets, report } = flags;
  if (gallerySpec === undefined || queriesSpec === undefined)
    usage('Name --gallery and --queries, or --collection.');
  const { views } = flags;
  const wanted = [
    { set: gallerySpec },
    { set: queriesSpec, views },
    ...(nonpets === undefined ? [] : [{ set: nonpets, views }]),
  ];
  const { sets, card, fingerprint } = await embedSets(wanted, flags.cache, common);
  const [gallery, queries, nonPets] = sets as [EmbeddedSet, EmbeddedSet, EmbeddedSet?];
  if (flags.leaveOneOut !== true) warnOfOverlap(gallery, queries);
  const calibration = await usableCalibration(flags, common.config.MODEL, fingerprint);
  const asking = {
    gallery,
    k: calibration?.k ?? card.vote.k,
    leaveOneOut: flags.leaveOneOut === true,
    answering: { temperature: card.vote.temperature, calibration },
  };
  const outcomes = ask({ ...asking, queries });
  const others = nonPets === undefined ? undefined : ask({ ...asking, queries: nonPets });
  const evaluation = evaluate(outcomes, others);
  if (report === undefined) return { evaluation, report: null };
  const familiarityOf = (of: Outcome[]) => of.map(({ familiarity }) => familiarity);
  const page = await writeReport(report, {
    evaluation,
    mistakes: mistakesOf(outcomes),
    familiarity: { queries: familiarityOf(outcomes), nonPets: familiarityOf(others ?? []) },
    subject: { gallery: gallerySpec, queries: queriesSpec },
    model: { name: card.name, fingerprint },
    pictures: (file) => picture(file, common.config.MAX_PIXELS),
  });
  return { evaluation, report: page };
}

/** A collection is measured by whoever has it open, with the calibration stored with it. */
async function ofCollection(flags: EvalFlags, common: CommonOptions): Promise<Measured | null> {
  const { collection, gallery, queries, nonpets, report } = flags;
  if (gallery !== undefined || queries !== undefined || collection === undefined)
    usage('Name --gallery and --queries, or --collection, not both.');
  // What a collection is asked with is what it has: stored vectors, and its own calibration.
  if (flags.views !== '1' || flags.cache !== undefined || (flags.calibration ?? true) !== true)
    usage('--views, --cache, --calibration and --no-calibration do not go with --collection.');
  const nonPets = nonpets === undefined ? {} : { nonPets: { embeddings: await vectorsOf(nonpets, common) } };
  return withWork(common, async (engine, work) => {
    const evaluation = await engine.evaluate(collection, { ...work, ...nonPets });
    if (report === undefined) return { evaluation, report: null };
    const page = await writeReport(report, {
      evaluation,
      mistakes: evaluation.mistakes,
      familiarity: evaluation.familiarity,
      subject: { collection },
      model: engine.encoder,
      pictures: async (id) => itemPicture(await thumbnailOf(engine, collection, id), id),
    });
    return { evaluation, report: page };
  });
}

/** An item's thumbnail; null where it has none, or has been deleted meanwhile. */
async function thumbnailOf(engine: Engine, collection: string, id: string): Promise<Uint8Array | null> {
  try {
    return await engine.getThumbnail(collection, id);
  } catch (error) {
    const { code } = asPawdexError(error);
    if (code === 'thumbnail_not_found' || code === 'item_not_found') return null;
    throw error;
  }
}

/** The calibration named, or the one beside the model card if it was fitted on this model. */
async function usableCalibration(
  { calibration: flag }: EvalFlags,
  cardPath: string,
  fingerprint: string,
): Promise<Calibration | null> {
  if (flag === false) return null;
  const file = typeof flag === 'string' ? flag : path.join(path.dirname(cardPath), 'calibration.json');
  const calibration = await loadCalibration(file);
  if (calibration === null) {
    if (typeof flag !== 'string') return null;
    throw new PawdexError('calibration_invalid', { detail: `There is no file ${file}.` });
  }
  if (calibration.fingerprint === fingerprint) return calibration;
  note(`warning: ${file} was fitted on another model; answers are by the bare vote`);
  return null;
}

function warnOfOverlap(gallery: EmbeddedSet, queries: EmbeddedSet): void {
  const overlap = countOverlap(gallery, queries);
  if (overlap > 0)
    note(
      `warning: ${plural(overlap, 'query photo')} also in the gallery, where they find themselves; --leave-one-out excludes that`,
    );
}
