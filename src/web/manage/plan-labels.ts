/** Which label each photo of a folder gets, and what a person should know before they are added. Pure functions. */
import type { PhotoEntry } from './photo-entries.js';

/** What names the label of a photo in a folder. */
export const RULES = ['first', 'last', 'none'] as const;
export type Rule = (typeof RULES)[number];

/** A photo with the label it is to get. */
export interface Planned extends PhotoEntry {
  label: string | null;
}

/** What would be added. */
export interface Plan {
  photos: Planned[];
  /** Photos of each label, most first. */
  labels: { label: string | null; count: number }[];
  /** The names of folders that divide a set and name no label. */
  splits: string[];
  /** Labels that differ from another, or from one of the collection, only in how they are written. */
  similar: [string, string][];
  /** Photos over the server's limit, which are left out. */
  tooLarge: PhotoEntry[];
}

const SPLITS = new Set(['train', 'training', 'val', 'valid', 'validation', 'test', 'testing']);
/** Characters of a label at most. */
const MOST_CHARACTERS = 200;

const foldersOf = ({ path }: PhotoEntry) => path.split('/').slice(0, -1);

/** Folders that divide a set, where all folders of the first level do. */
function findSplits(photos: readonly PhotoEntry[]): string[] {
  const tops = new Set(photos.map((photo) => foldersOf(photo)[0] ?? ''));
  const areSplits = tops.size > 0 && [...tops].every((name) => SPLITS.has(name.toLowerCase()));
  const hasLabels = photos.some((photo) => foldersOf(photo).length > 1);
  return areSplits && hasLabels ? [...tops] : [];
}

function labelOf(folders: readonly string[], rule: Rule): string | null {
  const name = rule === 'none' ? undefined : rule === 'first' ? folders[0] : folders.at(-1);
  // One name in two encodings is one label; signs that no text should have are none of it.
  return (
    name
      ?.normalize('NFC')
      .replaceAll(/[\p{Cc}\p{Cs}]/gu, ' ')
      .trim()
      .slice(0, MOST_CHARACTERS) || null
  );
}

/** What two spellings of one label have in common. */
const spelling = (label: string) =>
  label
    .normalize('NFC')
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ');

function findSimilar(labels: readonly string[], known: readonly string[]): [string, string][] {
  const first = new Map(known.map((label) => [spelling(label), label]));
  const similar: [string, string][] = [];
  for (const label of labels) {
    const other = first.get(spelling(label));
    if (other === undefined) {
      first.set(spelling(label), label);
    } else if (other !== label) {
      similar.push([label, other]);
    }
  }
  return similar;
}

/**
 * Plans what would be added.
 *
 * @param photos of one folder
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
    label: labelOf(foldersOf(photo).slice(splits.length > 0 ? 1 : 0), rule) ?? single,
  }));
  const counts = new Map<string | null, number>();
  for (const { label } of planned) {
    counts.set(label, (counts.get(label) ?? 0) + 1);
  }
  const labels = [...counts]
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
