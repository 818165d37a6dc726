/** Derives the label of a photo without a manifest from its folders or its name, and normalises labels. */
import path from 'node:path';
import { createContext, Script } from 'node:vm';
import { PawdexError } from '../errors.js';
import { cutIntoBatches, groupBy } from '../math/group-by.js';
import type { FoundPhoto, LabelledPhoto } from './labelled-photo.js';
import { cleanLabel, haveSplits, toSplit } from './set-names.js';
import type { SetReporter } from './set-report.js';

/** Returns the label of each photo by its name, or null. @throws PawdexError usage when a pattern takes too long */
type ReadLabels = (names: readonly string[]) => (string | null)[];

const RULES: Readonly<Record<string, (name: string) => string | null>> = {
  folder: (name) => (name.includes('/') ? name.slice(0, name.indexOf('/')) : null),
  parent: (name) => (name.includes('/') ? path.posix.basename(path.posix.dirname(name)) : null),
  filename: readFileName,
  none: () => null,
};

/** A number at the end of a name, with its separator. */
const LAST_NUMBER = /[\s_.-]*\(?\d+\)?$/;

/** `Maine_Coon_12.jpg` -> `Maine_Coon`; `IMG_0001 (2).jpg` -> `IMG`; `12.jpg` -> null. */
function readFileName(name: string): string | null {
  let label = path.posix.basename(name).replace(/\.[^.]*$/, '');
  while (LAST_NUMBER.test(label)) {
    label = label.replace(LAST_NUMBER, '');
  }
  return label === '' ? null : label;
}

/**
 * Names matched in one go, and the time limits for these and for all names, in milliseconds. A harmless pattern takes
 * microseconds per name.
 */
const NAMES_AT_ONCE = 10_000;
const MAX_MS_AT_ONCE = 250;
const MAX_MS = 2_000;
const MATCH_ALL = new Script(
  'names.map((name) => { const found = pattern.exec(name); return found?.groups?.label ?? found?.[1] ?? null; })',
);

/** Matches names in a separate context, because only there can a pattern that never ends be stopped. */
function matchNames(pattern: RegExp, names: readonly string[]): (string | null)[] {
  const labels: (string | null)[] = [];
  const until = performance.now() + MAX_MS;
  for (const batch of cutIntoBatches(names, NAMES_AT_ONCE)) {
    const timeout = Math.max(1, Math.min(MAX_MS_AT_ONCE, Math.round(until - performance.now())));
    const context = createContext({ pattern, names: batch });
    try {
      labels.push(...MATCH_ALL.runInContext(context, { timeout }));
    } catch (cause) {
      throw new PawdexError('usage', {
        detail: `The pattern ${pattern} takes too long on names such as ${batch[0]}.`,
        hint: 'Avoid repetitions inside repetitions, such as (a+)+.',
        cause,
      });
    }
  }
  return labels;
}

/**
 * Parses a rule: `folder` (the first folder), `parent` (the folder that a photo is in), `filename` (the name without a
 * number at its end), `none`, or `regex:PATTERN`, whose group `label`, or else the first group, is found in the path.
 *
 * @throws PawdexError usage
 */
export function parseLabelRule(text: string): ReadLabels {
  const readLabel = Object.hasOwn(RULES, text) ? RULES[text] : undefined;
  if (readLabel !== undefined) {
    return (names) => names.map(readLabel);
  }
  const bad = (detail: string) =>
    new PawdexError('usage', {
      detail,
      hint: 'Use folder, parent, filename, none or regex:PATTERN with a group in parentheses.',
    });
  if (!text.startsWith('regex:')) {
    throw bad(`"${text}" is not a rule for labels.`);
  }
  let pattern: RegExp;
  try {
    pattern = new RegExp(text.slice('regex:'.length), 'u');
  } catch (error) {
    throw bad((error as Error).message);
  }
  if (new RegExp(`${pattern.source}|`, 'u').exec('')!.length < 2) {
    throw bad(`The pattern ${pattern} has no group.`);
  }
  return (names) => matchNames(pattern, names);
}

interface LabelOptions {
  /** See {@link parseLabelRule}. Default: `folder`. */
  rule?: string | undefined;
  /** Take only photos of this split; all if null. */
  split: string | null;
}

/**
 * Adds labels to the photos.
 *
 * @returns null if a split is requested but the folders are not splits
 * @throws PawdexError usage for a bad rule
 */
export function labelByName(
  found: readonly FoundPhoto[],
  { rule = 'folder', split }: LabelOptions,
  report: SetReporter,
): LabelledPhoto[] | null {
  const readLabels = parseLabelRule(rule);
  if (rule === 'folder' && found.length > 1 && found.every(({ name }) => !name.includes('/'))) {
    report.warn(
      'No photo has a label, because there are no sub-folders. With --label filename, Pug_12.jpg has the label Pug.',
    );
  }
  const allNames = found.map(({ name }) => name);
  if (!haveSplits(allNames)) {
    const labels = readLabels(allNames);
    return split === null ? found.map((photo, i) => ({ ...photo, label: labels[i]!, metadata: {} })) : null;
  }
  const onlySplit = split === null ? null : (toSplit(split) ?? split);
  const photos: LabelledPhoto[] = [];
  const names: string[] = [];
  for (const photo of found) {
    const [top, ...rest] = photo.name.split('/');
    const photoSplit = rest.length > 0 ? toSplit(top!)! : null;
    if (onlySplit !== null && photoSplit !== onlySplit) {
      report.skip('other_split', photo.name);
      continue;
    }
    names.push(photoSplit !== null && (rule === 'folder' || rule === 'parent') ? rest.join('/') : photo.name);
    photos.push({ ...photo, label: null, metadata: photoSplit === null ? {} : { split: photoSplit } });
  }
  for (const [i, label] of readLabels(names).entries()) {
    photos[i]!.label = label;
  }
  if (rule === 'folder' && split === null) {
    report.warn(
      'The top folders are named like splits, such as train, so labels are taken from the folders inside them.',
    );
  }
  return photos;
}

const quoteLabels = (labels: readonly string[]) => labels.map((label) => JSON.stringify(label)).join(', ');

/** Normalises labels, and warns about those that were or still are easy to confuse. */
export function unifyLabels(photos: readonly LabelledPhoto[], report: SetReporter): void {
  const spellings = groupBy(new Set(photos.flatMap(({ label }) => label ?? [])), cleanLabel);
  for (const photo of photos) {
    photo.label = photo.label === null ? null : cleanLabel(photo.label) || null;
  }
  for (const variants of spellings.values()) {
    if (variants.length > 1) {
      report.warn(
        `${variants.length} labels differ only in spaces or Unicode forms and are merged: ${quoteLabels(variants)}.`,
      );
    }
  }
  for (const labels of groupBy(spellings.keys(), (label) => label.toLowerCase()).values()) {
    if (labels.length > 1) {
      report.warn(`Labels that differ only in case stay separate: ${quoteLabels(labels.sort())}.`);
    }
  }
}
