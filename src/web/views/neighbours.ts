/** The neighbours of an answer, as pictures where the collection has them, and else as drawn tiles. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { groupBy } from '../../math/group-by.js';
import { button, el, shareBar } from '../dom.js';
import { formatLabel, formatSimilarity } from '../format.js';
import { announce } from '../hint.js';
import { texts } from '../texts/texts.js';
import { getPlaceColour, rankLabels } from '../verdict.js';
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

/** One row for all photos of a breed without pictures, nearest first; it expands to their list. */
function breedRow(
  neighbours: Neighbour[],
  place: number | 'other',
  open: (neighbour: Neighbour) => void,
  marks: (neighbour: Neighbour) => HTMLElement,
): HTMLLIElement {
  const [nearest] = neighbours as [Neighbour];
  const items = neighbours.map((neighbour) =>
    el(
      'li',
      el('span.value', formatSimilarity(neighbour.similarity)),
      sourceLine(neighbour.source),
      marks(neighbour),
      button(texts.open, 'plain', () => open(neighbour)),
    ),
  );
  return el(
    'li.breed-row.surface',
    { '--place': getPlaceColour(place) },
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

/** @param open called to enlarge it; null where the whole tile selects it */
function tile(
  neighbour: Neighbour,
  collection: string,
  place: number | 'other',
  open: (() => void) | null,
): HTMLLIElement {
  return el(
    'li.tile.surface',
    { '--place': getPlaceColour(place) },
    open === null
      ? itemPicture('div.frame', collection, neighbour)
      : pictureButton(neighbour, collection, open),
    el(
      'div.caption',
      el('strong', el('bdi', formatLabel(neighbour.label))),
      sourceLine(neighbour.source, getFileName(neighbour.source ?? '')),
      similarityText('span.similarity', formatSimilarity(neighbour.similarity)),
      shareBar(neighbour.similarity),
    ),
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
 * Lets a tile select what the figure shows. Hovering previews it; a click, a tap or the keyboard keeps it. For the
 * keyboard, all tiles are one group of radio buttons.
 */
function selectableFigure(
  tiles: HTMLLIElement[],
  neighbours: Neighbour[],
  { photo }: ExplanationSwitch,
): HTMLElement {
  const why = whyView(photo);
  let chosen = neighbours[0] as Neighbour;
  neighbours.forEach((neighbour, i) => {
    const id = `why-${i}`;
    const onchange = () => {
      chosen = neighbour;
      announce(why.show(neighbour));
    };
    const radio = el('input.sr-only', { type: 'radio', name: 'why', id, checked: i === 0, onchange });
    const name = texts.neighbours.named(formatLabel(neighbour.label), formatSimilarity(neighbour.similarity));
    const node = tiles[i]!;
    node.prepend(radio, el('label.cover', { for: id }, el('span.sr-only', name)));
    node.addEventListener('pointerenter', () => why.show(neighbour));
    node.addEventListener('pointerleave', () => why.show(chosen));
  });
  why.show(chosen);
  return why.figure;
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
  const place = rankLabels(answer);
  const pictures = neighbours.some(({ hasThumbnail }) => hasThumbnail);
  const explained = explaining?.on === true && neighbours[0]?.explanation !== undefined;
  const placeOf = ({ label }: Neighbour) => place.get(label ?? '') ?? 'other';
  // Every photo gets a tile while tiles can be selected; otherwise, photos without a picture share a row for each breed.
  const shown = explained ? neighbours : neighbours.filter(({ hasThumbnail }) => hasThumbnail);
  const rest = explained ? [] : neighbours.filter(({ hasThumbnail }) => !hasThumbnail);
  const tiles = shown.map((n) => tile(n, collection, placeOf(n), explained ? null : () => open(n)));
  if (!explained) {
    tiles.forEach((node, i) => {
      node.append(markButtons(shown[i]!, marking));
    });
  }
  const groups = [...groupBy(rest, ({ label }) => label).values()];
  const rows = groups.map((group) =>
    breedRow(group, placeOf(group[0]!), open, (each) => markButtons(each, marking)),
  );
  const list = el(
    'div.found',
    tiles.length > 0 && el(pictures ? 'ol.grid.pictures' : 'ol.grid', tiles),
    rows.length > 0 && pictures && el('h3', texts.neighbours.withoutPicture),
    rows.length > 0 && el('ol.breed-rows', rows),
  );
  const { title, inCollection, noPictures } = texts.neighbours;
  return el(
    'section.neighbours',
    { 'aria-labelledby': 'neighbours-title' },
    el(
      'div.section-head.compact',
      el('h2', { id: 'neighbours-title', tabindex: -1 }, results ? texts.refine.title : title),
      el('p', (pictures ? inCollection : noPictures)(collection)),
      explaining !== null && !results && toggleButton(explaining),
    ),
    markedView(marking, collection),
    explaining?.errorText && el('p.error', explaining.errorText),
    explained
      ? el(
          'fieldset.explained',
          el('legend.sr-only', texts.why.which),
          selectableFigure(tiles, neighbours, explaining),
          list,
        )
      : list,
  );
}
