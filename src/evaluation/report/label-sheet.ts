/** Draws a page of the photos that `clean-labels` dropped, for review by a person. */
import type { CheckedLabel } from '../clean-labels.js';
import { createPage } from './report-style.js';
import type { Pictures } from './sections.js';
import { escapeHtml } from './svg.js';

const GRID =
  '.sheet { display: grid; gap: 0.6rem; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); } .sheet img { width: 100%; }';

/**
 * Draws a contact sheet as one HTML file: a section per label, and under each photo the evidence against its label.
 *
 * @param dropped photos whose `dropped` is not null
 * @param kept number of photos kept per label
 */
export async function drawLabelSheet(
  dropped: readonly CheckedLabel[],
  kept: ReadonlyMap<string, number>,
  pictures: Pictures,
): Promise<string> {
  const labels = [...new Set(dropped.map(({ item }) => item.label))].sort();
  const sections: string[] = [];
  for (const label of labels) {
    const photos = dropped.filter(({ item }) => item.label === label);
    const figures = await Promise.all(photos.map((photo) => drawFigure(photo, pictures)));
    sections.push(
      `<section><h2>${escapeHtml(label)}</h2><p class="soft">${photos.length} dropped, ${kept.get(label) ?? 0} kept</p><div class="sheet">${figures.join('')}</div></section>`,
    );
  }
  const heading = `<h1>${dropped.length} dropped photos</h1>`;
  return createPage('pawdex: dropped photos', [heading, ...sections].join('\n'), GRID);
}

async function drawFigure({ item, dropped, suggested }: CheckedLabel, pictures: Pictures): Promise<string> {
  const suggestions = [...new Set([suggested.classifier, suggested.neighbours])].filter(
    (label) => label !== null,
  );
  const caption = `${escapeHtml(suggestions.join(' or '))}<br>by ${escapeHtml(dropped ?? 'nobody')}`;
  return `<figure>${await pictures(item.file)}<figcaption>${caption}</figcaption></figure>`;
}
