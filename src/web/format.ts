/** How labels and numbers are shown to people, in the page's language. */
import { language, texts } from './texts/texts.js';

/** Names that keep their capital inside a label: "saint_bernard" is a Saint Bernard, not a Saint bernard. */
const NAMES = new Set(['apso', 'bernard', 'charles', 'coon', 'inu', 'king', 'mau', 'pei', 'pyrenees', 'tzu']);

const capitalise = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

/**
 * A label as words: "british_shorthair" -> "British shorthair". A label that already has capitals keeps them.
 *
 * @param label a label as stored, or null for an item without one
 */
export function formatPlainLabel(label: string | null): string {
  const words = (label ?? '').split(/[\s_]+/).filter(Boolean);
  if (words.length === 0) {
    return texts.noLabel;
  }
  return words.map((word, i) => (i === 0 || NAMES.has(word) ? capitalise(word) : word)).join(' ');
}

/**
 * A label as {@link formatPlainLabel}, for use within other text. One that is written from right to left is isolated, so that it
 * does not reorder the numbers and signs around it.
 */
export function formatLabel(label: string | null): string {
  const name = formatPlainLabel(label);
  return /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u.test(name)
    ? `\u2068${name}\u2069`
    : name;
}

/** A number in the page's language. @param digits after the decimal point */
export function formatNumber(value: number, digits = 0): string {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** A whole percentage: "7%" in English, "7 %" in German. */
const formatWholePercent = (n: number) => (n / 100).toLocaleString(language, { style: 'percent' });

/**
 * Shares as whole percentages that have the same sum as the shares. Where rounding each would give 101%, those that were
 * rounded up by the most are rounded down. Rounding never suggests certainty or impossibility: 0.998 is ">99%", and 0.002 is
 * "<1%".
 *
 * @param shares 0..1 each, of at most 1 together
 */
export function formatPercentages(shares: number[]): string[] {
  const floors = shares.map((share) => Math.floor(share * 100 + 1e-9));
  const total = Math.round(shares.reduce((sum, share) => sum + share, 0) * 100);
  let left = total - floors.reduce((sum, n) => sum + n, 0);
  const byRest = shares
    .map((share, i) => ({ i, rest: share * 100 - floors[i]! }))
    .sort((a, b) => b.rest - a.rest);
  for (const { i } of byRest) {
    if (left-- > 0) {
      floors[i]!++;
    }
  }
  return floors.map((n, i) => {
    const share = shares[i]!;
    if (share > 0 && n === 0) {
      return `<${formatWholePercent(1)}`;
    }
    return share < 1 && n === 100 ? `>${formatWholePercent(99)}` : formatWholePercent(n);
  });
}

/** A share as a whole percentage, as {@link formatPercentages}. */
export const formatPercent = (share: number) => formatPercentages([share])[0]!;

/** A duration: "0.4 ms", "34 ms" or "1.2 s". */
export function formatDuration(ms: number): string {
  if (ms >= 1000) {
    return `${formatNumber(ms / 1000, 1)} s`;
  }
  return `${formatNumber(ms, ms < 1 ? 1 : 0)} ms`;
}

/** A file size: "812 B", "240 kB" or "3.4 MB" (powers of ten, as file managers show them). */
export function formatFileSize(bytes: number): string {
  if (bytes < 1000) {
    return `${bytes} B`;
  }
  if (bytes < 999_500) {
    return `${Math.round(bytes / 1000)} kB`;
  }
  return `${formatNumber(bytes / 1e6, 1)} MB`;
}

/** A date with time. @param iso ISO 8601 */
export function formatDateTime(iso: string): string {
  return new Date(iso).toLocaleString(language, { dateStyle: 'medium', timeStyle: 'short' });
}

/** A cosine similarity, -1..1, with two decimals. */
export function formatSimilarity(value: number): string {
  return formatNumber(value, 2);
}

/** A count with its noun: "1 photo", "7,681 photos". */
export function formatCount(n: number, noun: keyof typeof texts.nouns): string {
  const [one, many] = texts.nouns[noun];
  return `${formatNumber(n)} ${n === 1 ? one : many}`;
}

/** A source as a URL, or null if it is not one: `http://` starts like one but has no host. */
export function parseWebAddress(source: string): URL | null {
  return /^https?:\/\//i.test(source) && URL.canParse(source) ? new URL(source) : null;
}
