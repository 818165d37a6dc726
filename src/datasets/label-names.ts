/** Normalises labels: trimmed, in Unicode form NFC. */

import { groupBy } from '../math/group-by.js';
import type { LabelledPhoto } from './labelled-photo.js';
import type { SetReporter } from './set-report.js';

const clean = (label: string) => label.normalize('NFC').trim();
const quote = (labels: Iterable<string>) => [...labels].map((label) => JSON.stringify(label)).join(', ');

/** Normalises labels, and warns about those that were or still are easy to confuse. */
export function unifyLabels(photos: readonly LabelledPhoto[], report: SetReporter): void {
  const spellings = new Map<string, Set<string>>();
  for (const photo of photos) {
    if (photo.label === null) {
      continue;
    }
    const label = clean(photo.label);
    spellings.set(label, (spellings.get(label) ?? new Set()).add(photo.label));
    photo.label = label === '' ? null : label;
  }
  for (const [_label, variants] of spellings) {
    if (variants.size > 1) {
      report.warn(
        `${variants.size} labels differ only in spaces or Unicode forms and are merged: ${quote(variants)}.`,
      );
    }
  }
  for (const labels of groupBy(spellings.keys(), (label) => label.toLowerCase()).values()) {
    if (labels.length > 1) {
      report.warn(`Labels that differ only in case stay separate: ${quote(labels.sort())}.`);
    }
  }
}
