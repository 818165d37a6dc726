/** Plans the label of each photo of a folder, and the warnings before they are added. Pure functions. */
import { cleanLabel, haveSplits } from '../../datasets/set-names.js';
import { countBy } from '../../math/group-by.js';
import type { PhotoEntry } from './photo-entries.js';

/** The rule that names the label of a photo in a folder. */
export const RULES = ['first', 'last', 'none'] as const;
export type Rule = (typeof RULES)[number];

export interface Planned extends PhotoEntry {
  label: string | null;
}

/** The photos that would be added. */
export interface Plan {
  photos: Planned[];
  /** Number of photos of each label, most first. */
  labels: { label: string | null; count: number }[];
  /** Names of folders that divide a set, such as "train", and are not labels. */
  splits: string[];
  /** Labels that differ from another, or from one of the collection, only in their spelling. */
  similar: [string, string][];
  /** Photos over the server's size limit, which are left out. */
  tooLarge: PhotoEntry[];
}

const listFolders = ({ path }: PhotoEntry) => path.split('/').slice(0, -1);

/** The first-level folders, if all of them divide a set. */
function findSplits(photos: readonly PhotoEntry[]): string[] {
  return haveSplits(photos.map(({ path }) => path))
    ? [...new Set(photos.flatMap((photo) => listFolders(photo).slice(0, 1)))]
    : [];
}

function chooseLabel(folders: readonly string[], rule: Rule): string | null {
  const name = rule === 'none' ? undefined : rule === 'first' ? folders[0] : folders.at(-1);
  return cleanLabel(name ?? '') || null;
}

/** A key that is equal for two spellings of the same label. */
const foldSpelling = (label: string) =>
  label
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ');

function findSimilar(labels: readonly string[], known: readonly string[]): [string, string][] {
  const first = new Map(known.map((label) => [foldSpelling(label), label]));
  const similar: [string, string][] = [];
  for (const label of labels) {
    const other = first.get(foldSpelling(label));
    if (other === undefined) {
      first.set(foldSpelling(label), label);
    } else if (other !== label) {
      similar.push([label, other]);
    }
  }
  return similar;
}

/**
 * Plans what would be added.
 *
 * @param photos of a folder
 * @param options rule: what names the label; single: the label of all of them where no folder does; known: labels of the
 *   collection; limit: bytes of a photo at most
 */
export function planLabels(
  photos: readonly PhotoEntry[],
  {
    rule,
    single = null,
    known,
    limit,
  }: { rule: Rule; single?: string | null; known: readonly string[]; limit: number },
): Plan {
  const splits = rule === 'none' ? [] : findSplits(photos);
  const fits = ({ size }: PhotoEntry) => size === null || size <= limit;
  const planned = photos.filter(fits).map((photo) => ({
    ...photo,
    label: chooseLabel(listFolders(photo).slice(splits.length > 0 ? 1 : 0), rule) ?? single,
  }));
  const labels = [...countBy(planned, ({ label }) => label)]
    .map(([label, count]) => ({ label, count }))
    .toSorted((a, b) => b.count - a.count || (a.label ?? '').localeCompare(b.label ?? ''));
  return {
    photos: planned,
    labels,
    splits,
    similar: findSimilar(
      labels.flatMap(({ label }) => label ?? []),
      known,
    ),
    tooLarge: photos.filter((photo) => !fits(photo)),
  };
}
