/** `pawdex clean-labels`: splits a noisily labelled set into the photos to rely on and those to leave out. */
import path from 'node:path';
import type { LabelledPhoto } from '../datasets/labelled-photo.js';
import { scanLabelledSet } from '../datasets/labelled-set.js';
import { type CheckedLabel, cleanLabels } from '../evaluation/clean-labels.js';
import { drawLabelSheet } from '../evaluation/report/label-sheet.js';
import { drawPicture } from '../evaluation/report/pictures.js';
import { createFolder } from '../files/create-folder.js';
import { replaceFile } from '../files/replace-file.js';
import { countBy } from '../math/group-by.js';
import { collectValues, createCommand, makeWholeNumberParser, readCommonOptions } from './create-command.js';
import { embedSets } from './embed-sets.js';
import { failUsage } from './exit-codes.js';
import { failOutput } from './output-file.js';
import { formatCount, printMessage, printResult } from './print.js';
import { addSetOptions } from './set-options.js';

const ownOptions = createCommand(
  'clean-labels',
  'find photos with wrong labels in a noisy set, and list which to keep and which to leave out',
  'clean-labels web-photos --trust photos:train --out cleaned',
  ['MODEL', 'THREADS', 'MAX_PIXELS'],
)
  .argument('<set>', 'labelled set: a folder, or FOLDER:SPLIT for the rows of one split')
  .option('--trust <set>', 'set whose labels are right; may be repeated', collectValues)
  .option('--keep <label>', 'keep all photos with this label; may be repeated', collectValues)
  .option('--least <n>', 'keep at least this many photos of each label', makeWholeNumberParser(0, 1e6), 0)
  .requiredOption('--out <dir>', 'folder for kept.csv, dropped.csv and dropped.html')
  .option('--cache <dir>', 'folder that keeps the embeddings for the next run');

export const command = addSetOptions(ownOptions)
  .option('--json', 'print one JSON object')
  .action(async (set, flags) => {
    const common = readCommonOptions(flags);
    const { label, include, exclude, keep = [], trust = [] } = flags;
    // Unreadable photos are reported when the set is embedded.
    const { photos } = await scanLabelledSet(set, { label, include, exclude, labelsRequired: true });
    const unknown = keep.find((label) => !photos.some((photo) => photo.label === label));
    if (unknown !== undefined) {
      failUsage(`No photo in ${set} has the label "${unknown}" given with --keep.`);
    }
    const { sets, card } = await embedSets(
      [set, ...trust].map((spec) => ({ set: spec })),
      flags.cache,
      common,
      flags,
    );
    const [noisy, ...trusted] = sets;
    const checked = cleanLabels(noisy!, {
      ...card.vote,
      trusted,
      keep: new Set(keep),
      minPerLabel: flags.least,
    });
    const kept = checked.filter(({ dropped }) => dropped === null);
    const dropped = checked.filter((photo) => photo.dropped !== null);
    await writeResults(flags.out, photos, { kept, dropped }, common.config.MAX_PIXELS);
    const counts = countPerLabel(kept, dropped);
    const summary = {
      photos: checked.length,
      dropped: dropped.length,
      perLabel: Object.fromEntries(counts),
    };
    const lines = counts.map(
      ([label, count]) =>
        `${String(count.kept).padStart(6)} kept ${String(count.dropped).padStart(6)} dropped  ${label}`,
    );
    await printResult(summary, lines, flags.json);
    if (!common.quiet && !flags.json) {
      printMessage(
        `${formatCount(kept.length)} kept, ${formatCount(dropped.length)} dropped: look at ${path.join(flags.out, 'dropped.html')}`,
      );
    }
  });

const countLabels = (photos: readonly CheckedLabel[]) => countBy(photos, ({ item }) => item.label);

/** Counts the photos of each label, in the order of the labels. */
function countPerLabel(kept: readonly CheckedLabel[], dropped: readonly CheckedLabel[]) {
  const [keptOf, droppedOf] = [countLabels(kept), countLabels(dropped)];
  const labels = [...new Set([...keptOf.keys(), ...droppedOf.keys()])].sort();
  return labels.map(
    (label) => [label, { kept: keptOf.get(label) ?? 0, dropped: droppedOf.get(label) ?? 0 }] as const,
  );
}

async function writeResults(
  dir: string,
  photos: readonly LabelledPhoto[],
  { kept, dropped }: { kept: readonly CheckedLabel[]; dropped: readonly CheckedLabel[] },
  maxPixels: number,
): Promise<void> {
  const photoOf = new Map(photos.map((photo) => [photo.file, photo]));
  const columns = [...new Set(photos.flatMap(({ metadata }) => Object.keys(metadata)))].sort();
  const rowOf = ({ item }: CheckedLabel) => {
    const { name, metadata } = photoOf.get(item.file)!;
    return [name, item.label, ...columns.map((column) => metadata[column] ?? '')];
  };
  const sheet = await drawLabelSheet(dropped, countLabels(kept), (file) => drawPicture(file, maxPixels));
  const files = {
    'kept.csv': formatCsv([['file', 'label', ...columns], ...kept.map(rowOf)]),
    'dropped.csv': formatCsv([
      ['file', 'label', 'by', 'classifier_says', 'neighbours_say', 'classifier_rank', 'neighbours_rank'],
      ...dropped.map((photo) => [photoOf.get(photo.item.file)!.name, ...listReasons(photo)]),
    ]),
    'dropped.html': sheet,
  };
  try {
    createFolder(dir);
    for (const [name, text] of Object.entries(files)) {
      await replaceFile(path.join(dir, name), text);
    }
  } catch (error) {
    failOutput(error);
  }
}

function listReasons({ item, dropped, suggested, rank }: CheckedLabel): string[] {
  const { classifier, neighbours } = suggested;
  return [
    item.label,
    dropped!,
    classifier,
    neighbours ?? '',
    String(rank.classifier),
    String(rank.neighbours),
  ];
}

/** Formats rows as CSV (RFC 4180, but with plain line feeds). */
function formatCsv(rows: readonly (readonly string[])[]): string {
  const field = (text: string) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `${rows.map((row) => row.map(field).join(',')).join('\n')}\n`;
}
