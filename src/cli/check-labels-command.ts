/** `pawdex check-labels`: finds photos of a labelled set or a collection that probably have the wrong label. */
import { SIMILAR_PICTURE } from '../breeds/same-picture.js';
import { formatPercent } from '../evaluation/figures.js';
import { findLabelTrouble, type LabelTrouble } from '../evaluation/label-trouble.js';
import {
  createCommand,
  EMBEDDING_SETTINGS,
  makeWholeNumberParser,
  readCommonOptions,
  SERVER,
} from './create-command.js';
import { embedSets } from './embed-sets.js';
import { failUsage } from './exit-codes.js';
import { formatCount, pluralise, printResult } from './print.js';
import { addSetOptions } from './set-options.js';
import { runCancellableWork } from './with-engine.js';

const ownOptions = createCommand(
  'check-labels',
  'list photos that probably have the wrong label, and pictures that appear under two labels',
  'check-labels photos:train --limit 50',
  EMBEDDING_SETTINGS,
)
  .argument('[set]', 'labelled set: a folder, or FOLDER:SPLIT for the rows of one split')
  .option('-c, --collection <name>', 'check this collection instead of a set')
  .option('--limit <n>', 'entries per list', makeWholeNumberParser(1, 1000), 20)
  .option('--cache <dir>', 'folder that keeps the embeddings for the next run');

export const command = addSetOptions(ownOptions)
  .option('--json', 'print one JSON object')
  .addOption(SERVER)
  .action(async (set, { collection, limit, ...flags }) => {
    if ((set === undefined) === (collection === undefined)) {
      failUsage(
        'Specify either a labelled set or a collection.',
        'Run `pawdex check-labels SET` or `pawdex check-labels --collection NAME`.',
      );
    }
    const common = readCommonOptions(flags);
    let trouble: LabelTrouble | null;
    if (set === undefined) {
      trouble = await runCancellableWork(common, (engine, work) =>
        engine.findLabelTrouble(collection!, { ...work, threshold: SIMILAR_PICTURE, limit }),
      );
    } else {
      const { sets, card } = await embedSets([{ set }], flags.cache, common, flags);
      trouble = findLabelTrouble(sets[0]!, { ...card.vote, sameFrom: SIMILAR_PICTURE, limit });
    }
    if (trouble !== null) {
      await printResult(trouble, formatTrouble(trouble), flags.json);
    }
  });

const formatShare = (share: number) => formatPercent(share, 0).padStart(5);

function formatTrouble({ photos, found, ...shown }: LabelTrouble): string[] {
  const name = ({ source, id }: { source?: string | null; id: string }) => source ?? id;
  return [
    `${pluralise(photos, 'labelled photo')}: ${formatCount(found.suspects)} disagree with their neighbours, ${pluralise(found.contradictions, 'pair')} of equal pictures with different labels`,
    ...(shown.suspects.length === 0
      ? []
      : ['', 'label with its share of the neighbours, label of most neighbours, photo']),
    ...shown.suspects.map(
      ({ label, suggested, ownShare, suggestedShare, ...photo }) =>
        `  ${formatShare(ownShare)} ${label}, ${formatShare(suggestedShare)} ${suggested}  ${name(photo)}`,
    ),
    ...(shown.contradictions.length === 0 ? [] : ['', 'similarity, and the two copies of the picture']),
    ...shown.contradictions.map(
      ({ a, b, similarity }) => `  ${similarity.toFixed(3)}  ${a.label} ${name(a)}  |  ${b.label} ${name(b)}`,
    ),
  ];
}
