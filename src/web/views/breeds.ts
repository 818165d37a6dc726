/** The labels of a collection with their counts, searchable, below the photo chooser. */
import type { LabelList } from '../../client/wire.js';
import { listLabels } from '../api.js';
import { byId, el } from '../dom.js';
import { count, formatNumber, humanise } from '../format.js';
import { Problem } from '../problem.js';
import { language, texts } from '../texts/texts.js';

const folded = (words: string) => words.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');

function row({ label, count: items }: LabelList['labels'][number]): HTMLLIElement {
  return el(
    'li',
    {},
    el('bdi', {}, humanise(label)),
    el('span', { class: 'value', title: count(items, 'photo') }, formatNumber(items)),
  );
}

function list(labels: LabelList['labels']): HTMLElement {
  const sorted = labels.toSorted((a, b) => humanise(a.label).localeCompare(humanise(b.label), language));
  const rows = sorted.map(row);
  const names = sorted.map(({ label }) => folded(humanise(label)));
  const found = el('p', { class: 'small', role: 'status' });
  const field = el('input', {
    type: 'search',
    'aria-label': texts.known.search,
    placeholder: texts.known.placeholder,
    autocomplete: 'off',
  });
  field.addEventListener('input', () => {
    const wanted = folded(field.value.trim());
    let shown = 0;
    rows.forEach((node, i) => {
      node.hidden = !names[i]!.includes(wanted);
      if (!node.hidden) {
        shown++;
      }
    });
    found.textContent =
      wanted === '' ? '' : shown === 0 ? texts.known.none : texts.known.some(shown, rows.length);
  });
  return el('div', { class: 'known' }, field, found, el('ul', { class: 'breed-list' }, ...rows));
}

/** Shows the labels of a collection; nothing if it cannot be used or has none. */
export async function showBreeds(collection: string): Promise<void> {
  const place = byId('breeds', HTMLDetailsElement);
  const labels = await listLabels(collection).catch((error: unknown) => {
    if (error instanceof Problem) {
      return [];
    }
    throw error;
  });
  const named = labels.filter(({ label }) => label !== null);
  place.hidden = named.length === 0;
  const photos = named.reduce((sum, { count: items }) => sum + items, 0);
  place.replaceChildren(
    el('summary', {}, texts.known.summary(count(named.length, 'breed'), count(photos, 'photo'))),
    list(named),
  );
}
