/** The neighbours of an answer, as pictures where the collection has them, and else as drawn tiles. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { groupBy } from '../../math/group-by.js';
import { button, el, shareBar } from '../dom.js';
import { formatLabel, formatSimilarity } from '../format.js';
import { announce } from '../hint.js';
import { texts } from '../texts/texts.js';
import { chooseLabelColours } from '../verdict.js';
import { itemPicture } from './item-picture.js';
import { type MarkActions, markButtons, markedView } from './mark-buttons.js';
import { getFileName, pictureButton, sourceLine } from './neighbour.js';
import { type ShownPhoto, whyView } from './why.js';

/** "0.92" or "0.92 to 0.97". */
function formatRange(neighbours: Neighbour[]): string {
  const nearest = formatSimilarity(neighbours[0]!.similarity);
  const farthest = formatSimilarity(neighbours.at(-1)!.similarity);
  return nearest === farthest ? nearest : texts.neighbours.range(farthest, nearest);
}

/** A similarity with its name for screen readers. */
const similarityText = (selector: 'span.value' | 'span.similarity', text: string) =>
  el(
    selector,
    { title: texts.neighbours.cosine },
    el('span.sr-only', `${texts.neighbours.similarity} `),
    text,
  );

/** What the neighbours of a list have in common. */
interface ListContext {
  collection: string;
  colourOf: (label: string | null) => string;
  marking: MarkActions;
  /** Enlarges a neighbour. */
  open: (neighbour: Neighbour) => void;
}

/** One row for all photos of a breed without pictures, nearest first; it expands to their list. */
function breedRow(neighbours: Neighbour[], { colourOf, marking, open }: ListContext): HTMLLIElement {
  const [nearest] = neighbours as [Neighbour];
  const items = neighbours.map((neighbour) =>
    el(
      'li',
      el('span.value', formatSimilarity(neighbour.similarity)),
      sourceLine(neighbour.source),
      markButtons(neighbour, marking),
      button(texts.open, 'plain', () => open(neighbour)),
    ),
  );
  return el(
    'li.breed-row.surface',
    { '--place': colourOf(nearest.label) },
    el(
      'details',
      el(
        'summary',
        el('bdi.name', formatLabel(nearest.label)),
        el('span.times', `\u00d7 ${neighbours.length}`),
        similarityText('span.value', formatRange(neighbours)),
        shareBar(nearest.similarity),
      ),
      el('ol', items),
    ),
  );
}

/** @param isSelectable whether a click on the tile selects it, rather than enlarging its picture */
function tile(
  neighbour: Neighbour,
  { collection, colourOf, marking, open }: ListContext,
  isSelectable: boolean,
): HTMLLIElement {
  return el(
    'li.tile.surface',
    { '--place': colourOf(neighbour.label) },
    isSelectable
      ? itemPicture('div.frame', collection, neighbour)
      : pictureButton(neighbour, collection, () => open(neighbour)),
    el(
      'div.caption',
      el('strong', el('bdi', formatLabel(neighbour.label))),
      sourceLine(neighbour.source, getFileName(neighbour.source ?? '')),
      similarityText('span.similarity', formatSimilarity(neighbour.similarity)),
      shareBar(neighbour.similarity),
    ),
    !isSelectable && markButtons(neighbour, marking),
  );
}

/** The neighbours as tiles with pictures, followed by a row for each breed without. */
function neighbourList(neighbours: Neighbour[], context: ListContext): HTMLElement {
  const pictured = neighbours.filter(({ hasThumbnail }) => hasThumbnail);
  const others = neighbours.filter(({ hasThumbnail }) => !hasThumbnail);
  const rows = [...groupBy(others, ({ label }) => label).values()].map((group) => breedRow(group, context));
  return el(
    'div.found',
    pictured.length > 0 &&
      el(
        'ol.grid.pictures',
        pictured.map((neighbour) => tile(neighbour, context, false)),
      ),
    pictured.length > 0 && rows.length > 0 && el('h3', texts.neighbours.withoutPicture),
    rows.length > 0 && el('ol.breed-rows', rows),
  );
}

/** Explanations of the neighbours: whether they are shown, the switch, and what they need. */
export interface ExplanationSwitch {
  on: boolean;
  toggle: () => void;
  photo: ShownPhoto;
  /** Why they could not be shown, if they could not. */
  errorText: string;
}

/**
 * The neighbours as tiles that select what the figure beside them shows. Hovering previews it; a click, a tap or the keyboard
 * keeps it. For the keyboard, all tiles are one group of radio buttons.
 */
function explainedList(neighbours: Neighbour[], photo: ShownPhoto, context: ListContext): HTMLElement {
  const why = whyView(photo);
  let chosen = neighbours[0] as Neighbour;
  const tiles = neighbours.map((neighbour, i) => {
    const id = `why-${i}`;
    const onchange = () => {
      chosen = neighbour;
      announce(why.show(neighbour));
    };
    const radio = el('input.sr-only', { type: 'radio', name: 'why', id, checked: i === 0, onchange });
    const name = texts.neighbours.named(formatLabel(neighbour.label), formatSimilarity(neighbour.similarity));
    const node = tile(neighbour, context, true);
    node.prepend(radio, el('label.cover', { for: id }, el('span.sr-only', name)));
    node.addEventListener('pointerenter', () => why.show(neighbour));
    node.addEventListener('pointerleave', () => why.show(chosen));
    return node;
  });
  why.show(chosen);
  const hasPictures = neighbours.some(({ hasThumbnail }) => hasThumbnail);
  return el(
    'fieldset.explained',
    el('legend.sr-only', texts.why.which),
    why.figure,
    el('div.found', el(hasPictures ? 'ol.grid.pictures' : 'ol.grid', tiles)),
  );
}

const toggleButton = ({ on, toggle }: ExplanationSwitch) =>
  el(
    'button.button.plain',
    { id: 'why', 'aria-pressed': String(on), onclick: toggle },
    texts.why.show,
    el('span.sr-only', texts.why.these),
  );

/**
 * The section below an answer, or null when there are no neighbours.
 *
 * @param explaining null where this browser cannot show the photo
 * @param marking the refined search, whose neighbours replace the answer's
 * @param open enlarges a neighbour
 */
export function neighboursView(
  answer: Identification,
  collection: string,
  explaining: ExplanationSwitch | null,
  marking: MarkActions,
  open: (neighbour: Neighbour) => void,
): HTMLElement | null {
  const { results } = marking.refinement;
  const neighbours = results ?? answer.neighbours;
  if (answer.neighbours.length === 0) {
    return null;
  }
  const context = { collection, colourOf: chooseLabelColours(answer), marking, open };
  const isExplained = explaining?.on === true && neighbours[0]?.explanation !== undefined;
  const { title, inCollection, noPictures } = texts.neighbours;
  const describe = neighbours.some(({ hasThumbnail }) => hasThumbnail) ? inCollection : noPictures;
  return el(
    'section.neighbours',
    { 'aria-labelledby': 'neighbours-title' },
    el(
      'div.section-head.compact',
      el('h2', { id: 'neighbours-title', tabindex: -1 }, results ? texts.refine.title : title),
      el('p', describe(collection)),
      explaining !== null && !results && toggleButton(explaining),
    ),
    markedView(marking, collection),
    explaining?.errorText && el('p.error', explaining.errorText),
    isExplained ? explainedList(neighbours, explaining.photo, context) : neighbourList(neighbours, context),
  );
}
