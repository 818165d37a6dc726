/** The neighbours of an answer, as pictures where the collection has them, and else as drawn tiles. */
import type { Identification, Neighbour } from '../../engine/engine.js';
import { button, cssVariable, el } from '../dom.js';
import { humanise, similarity } from '../format.js';
import { texts } from '../texts/texts.js';
import { places } from '../verdict.js';
import { type Marking, markButtons, markedView } from './mark-buttons.js';
import { fileName, pictureButton, pictureOf, sourceLine } from './neighbour.js';
import { type ShownPhoto, whyView } from './why.js';

/** The neighbours of one label, nearest first. */
interface Group {
  label: string | null;
  neighbours: Neighbour[];
}

/** Neighbours grouped by label, starting with the label of the nearest. */
function grouped(neighbours: Neighbour[]): Group[] {
  const groups = new Map<string | null, Neighbour[]>();
  for (const neighbour of neighbours) {
    const group = groups.get(neighbour.label);
    if (group === undefined) {
      groups.set(neighbour.label, [neighbour]);
    } else {
      group.push(neighbour);
    }
  }
  return [...groups].map(([label, group]) => ({ label, neighbours: group }));
}

/** "0.92" or "0.92 to 0.97". */
function range(neighbours: Neighbour[]): string {
  const nearest = similarity(neighbours[0]!.similarity);
  const farthest = similarity(neighbours.at(-1)!.similarity);
  return nearest === farthest ? nearest : texts.neighbours.range(farthest, nearest);
}

/** One row for all photos of a breed without pictures; it expands to their list. */
function breedRow(
  { label, neighbours }: Group,
  place: number | 'other',
  open: (neighbour: Neighbour) => void,
  marks: (neighbour: Neighbour) => HTMLElement,
): HTMLLIElement {
  const share = `${Math.max(0, neighbours[0]!.similarity) * 100}%`;
  const items = neighbours.map((neighbour) =>
    el(
      'li',
      {},
      el('span', { class: 'value' }, similarity(neighbour.similarity)),
      sourceLine(neighbour.source),
      marks(neighbour),
      button(texts.neighbours.open, 'plain', () => open(neighbour)),
    ),
  );
  return el(
    'li',
    { class: 'breed-row', 'data-place': place },
    el(
      'details',
      {},
      el(
        'summary',
        {},
        el('bdi', { class: 'name' }, humanise(label)),
        el('span', { class: 'times' }, `\u00d7 ${neighbours.length}`),
        el(
          'span',
          { class: 'value', title: texts.neighbours.cosine },
          el('span', { class: 'sr-only' }, `${texts.neighbours.similarity} `),
          range(neighbours),
        ),
        cssVariable(el('span', { class: 'bar', 'aria-hidden': 'true' }), '--share', share),
      ),
      el('ol', {}, ...items),
    ),
  );
}

/** The neighbours without pictures. */
function rowsOf(
  neighbours: Neighbour[],
  place: Map<string, number>,
  open: (neighbour: Neighbour) => void,
  marks: (neighbour: Neighbour) => HTMLElement,
): HTMLElement {
  const rows = grouped(neighbours).map((group) =>
    breedRow(group, place.get(group.label ?? '') ?? 'other', open, marks),
  );
  return el('ol', { class: 'breed-rows' }, ...rows);
}

/** @param open called to enlarge it; null where the whole tile selects it */
function tile(
  neighbour: Neighbour,
  collection: string,
  place: number | 'other',
  open: (() => void) | null,
): HTMLLIElement {
  const frame = open === null ? pictureOf(collection, neighbour) : pictureButton(neighbour, collection, open);
  const score = cssVariable(
    el('span', { class: 'bar', 'aria-hidden': 'true' }),
    '--share',
    `${Math.max(0, neighbour.similarity) * 100}%`,
  );
  return el(
    'li',
    { class: 'tile', 'data-place': place },
    frame,
    el(
      'div',
      { class: 'caption' },
      el('strong', {}, el('bdi', {}, humanise(neighbour.label))),
      sourceLine(neighbour.source, fileName(neighbour.source ?? '')),
      el(
        'span',
        { class: 'similarity', title: texts.neighbours.cosine },
        el('span', { class: 'sr-only' }, `${texts.neighbours.similarity} `),
        similarity(neighbour.similarity),
      ),
      score,
    ),
  );
}

/** Explanations of the neighbours: whether they are shown, the switch, and what they need. */
export interface Explaining {
  on: boolean;
  toggle: () => void;
  photo: ShownPhoto;
  /** Announces to screen readers. */
  say: (words: string) => void;
  /** Why they could not be shown, if they could not. */
  trouble: string;
}

/**
 * Lets a tile select what the figure shows. Hovering previews it; a click, a tap or the keyboard keeps it. For the
 * keyboard, all tiles are one group of radio buttons.
 */
function choosing(tiles: HTMLLIElement[], neighbours: Neighbour[], { photo, say }: Explaining): HTMLElement {
  const why = whyView(photo);
  let chosen = neighbours[0] as Neighbour;
  neighbours.forEach((neighbour, i) => {
    const id = `why-${i}`;
    const radio = el('input', { type: 'radio', name: 'why', id, class: 'sr-only', checked: i === 0 });
    const name = texts.neighbours.named(humanise(neighbour.label), similarity(neighbour.similarity));
    radio.addEventListener('change', () => {
      chosen = neighbour;
      say(why.show(neighbour));
    });
    const node = tiles[i] as HTMLLIElement;
    node.prepend(radio, el('label', { class: 'cover', for: id }, el('span', { class: 'sr-only' }, name)));
    node.addEventListener('pointerenter', () => why.show(neighbour));
    node.addEventListener('pointerleave', () => why.show(chosen));
  });
  why.show(chosen);
  return why.figure;
}

function toggleButton({ on, toggle }: Explaining): HTMLButtonElement {
  const node = button(texts.why.show, 'plain', toggle);
  node.append(el('span', { class: 'sr-only' }, texts.why.these));
  node.id = 'why';
  node.setAttribute('aria-pressed', String(on));
  return node;
}

/** The tiles, followed by a row for each breed of those without a picture. */
function foundList(tiles: HTMLLIElement[], rest: Node | null, hasPictures: boolean): HTMLElement {
  const list = el('div', { class: 'found' });
  if (tiles.length > 0) {
    list.append(el('ol', { class: hasPictures ? 'grid pictures' : 'grid' }, ...tiles));
  }
  if (rest !== null && hasPictures) {
    list.append(el('h3', {}, texts.neighbours.withoutPicture));
  }
  if (rest !== null) {
    list.append(rest);
  }
  return list;
}

function sectionHead(title: string, about: string, toggle: HTMLElement[]): HTMLElement {
  return el(
    'div',
    { class: 'section-head' },
    el('h2', { id: 'neighbours-title', tabindex: -1 }, title),
    el('p', {}, about),
    ...toggle,
  );
}

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
  explaining: Explaining | null,
  marking: Marking,
  open: (neighbour: Neighbour) => void,
): HTMLElement | null {
  const { found } = marking.refinement;
  const neighbours = found ?? answer.neighbours;
  if (answer.neighbours.length === 0) {
    return null;
  }
  const place = places(answer);
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
  const marked = markedView(marking, collection);
  const rows = rest.length === 0 ? null : rowsOf(rest, place, open, (each) => markButtons(each, marking));
  const list = foundList(tiles, rows, pictures);
  return el(
    'section',
    { class: 'neighbours', 'aria-labelledby': 'neighbours-title' },
    sectionHead(
      found ? texts.refine.title : texts.neighbours.title,
      pictures ? texts.neighbours.inCollection(collection) : texts.neighbours.noPictures(collection),
      explaining === null || found ? [] : [toggleButton(explaining)],
    ),
    ...(marked === null ? [] : [marked]),
    ...(explaining?.trouble ? [el('p', { class: 'trouble' }, explaining.trouble)] : []),
    explained
      ? el(
          'fieldset',
          { class: 'explained' },
          el('legend', { class: 'sr-only' }, texts.why.which),
          choosing(tiles, neighbours, explaining),
          list,
        )
      : list,
  );
}
