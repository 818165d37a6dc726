/** `pawdex eval`: how good the model and its answers are, measured with one labelled set against another. */
import path from 'node:path';
import type { Command } from 'commander';
import type { Calibration } from '../breeds/calibration.js';
import { loadCalibration } from '../breeds/load-calibration.js';
import { PawdexError } from '../errors.js';
import type { EmbeddedSet } from '../evaluation/embed-set.js';
import { evaluate } from '../evaluation/evaluate.js';
import { ask, countOverlap } from '../evaluation/outcomes.js';
import { writeReport } from '../evaluation/report/write-report.js';
import type { Views } from '../image/views.js';
import { command, commonOptions, viewsOption } from './command.js';
import { embedSets } from './embed-sets.js';
import { evaluationJson, evaluationTable } from './eval-output.js';
import { note, plural, printLine } from './output.js';

interface EvalFlags {
  gallery: string;
  queries: string;
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
  return command(
    'eval',
    'measure a labelled set against another: recall@k, mAP@R, accuracy of the vote, calibration',
    'eval --gallery photos:train --queries photos:test --json',
  )
    .requiredOption(
      '--gallery <set>',
      'labelled set to search in: a folder, or FOLDER:split of its manifest.csv',
    )
    .requiredOption('--queries <set>', 'labelled set whose photos are asked')
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
  // --gallery is this command's own; the setting of that name is not used here.
  const common = commonOptions({ ...flags, gallery: undefined });
  const { views } = flags;
  const wanted = [
    { set: flags.gallery },
    { set: flags.queries, views },
    ...(flags.nonpets === undefined ? [] : [{ set: flags.nonpets, views }]),
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
  if (flags.report !== undefined) {
    const page = await writeReport(flags.report, {
      evaluation,
      outcomes,
      ...(others === undefined ? {} : { nonPets: others }),
      gallery: flags.gallery,
      queries: flags.queries,
      model: { name: card.name, fingerprint },
      maxPixels: common.config.MAX_PIXELS,
    });
    if (!common.quiet) note(`The report is ${page}`);
  }
  if (flags.json === true) await printLine(evaluationJson(evaluation));
  else for (const line of evaluationTable(evaluation)) await printLine(line);
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
