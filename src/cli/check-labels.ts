/** `pawdex check-labels`: what is likely mislabelled in a labelled set, or in a collection. */
import type { Command } from 'commander';
import { PawdexError } from '../errors.js';
import { type LabelTrouble, labelTrouble } from '../evaluation/label-trouble.js';
import { type CommonOptions, command, commonOptions, wholeNumber, withServerOption } from './command.js';
import { withWork } from './connect.js';
import { embedSets } from './embed-sets.js';
import { formatCount, plural, printLine } from './output.js';

/** Similarity from which two photos count as one picture. */
const SAME_FROM = 0.95;

interface CheckFlags {
  collection?: string;
  limit: number;
  json?: boolean;
  cache?: string;
}

/** The command, not yet wired. */
export function checkLabelsCommand(): Command {
  return withServerOption(
    command(
      'check-labels',
      'list the photos that disagree most with their neighbours, and one picture under two labels',
      'check-labels photos:train --limit 50',
    ),
  )
    .argument('[set]', 'labelled set: a folder, or FOLDER:split of its manifest.csv')
    .option('--collection <name>', 'check this collection instead of a set')
    .option('--limit <n>', 'entries of each list', wholeNumber(1, 1000), 20)
    .option('--cache <dir>', 'keep embeddings of the set here')
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run(set: string | undefined, flags: CheckFlags & Record<string, unknown>): Promise<void> {
  if ((set === undefined) === (flags.collection === undefined))
    throw new PawdexError('config_invalid', {
      detail: 'Name either a labelled set or a collection.',
      hint: 'pawdex check-labels SET, or pawdex check-labels --collection NAME.',
    });
  const common = commonOptions(flags);
  const { limit } = flags;
  const found =
    set === undefined
      ? await withWork(common, (engine, work) =>
          engine.labelTrouble(flags.collection!, { ...work, threshold: SAME_FROM, limit }),
        )
      : await troubleOfSet(set, flags, common);
  if (found === null) return;
  if (flags.json === true) await printLine(JSON.stringify(found));
  else for (const line of table(found)) await printLine(line);
}

async function troubleOfSet(
  set: string,
  { cache, limit }: CheckFlags,
  common: CommonOptions,
): Promise<LabelTrouble> {
  const { sets, card } = await embedSets([{ set }], cache, common);
  return labelTrouble(sets[0]!, { ...card.vote, sameFrom: SAME_FROM, limit });
}

const percent = (share: number) => `${Math.round(100 * share)} %`.padStart(5);

function table({ photos, found, ...shown }: LabelTrouble): string[] {
  return [
    `${plural(photos, 'labelled photo')}: ${formatCount(found.suspects)} disagree with their neighbours, ${formatCount(found.contradictions)} pairs are one picture under two labels`,
    ...(shown.suspects.length === 0 ? [] : ['', 'labelled as, but its neighbours say']),
    ...shown.suspects.map(
      ({ id, label, suggested, ownShare, suggestedShare }) =>
        `  ${percent(ownShare)} ${label}, ${percent(suggestedShare)} ${suggested}  ${id}`,
    ),
    ...(shown.contradictions.length === 0 ? [] : ['', 'the same picture twice']),
    ...shown.contradictions.map(
      ({ a, b, similarity }) => `  ${similarity.toFixed(3)}  ${a.label} ${a.id}  |  ${b.label} ${b.id}`,
    ),
  ];
}
