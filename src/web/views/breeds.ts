/** The labels of a collection with their counts, searchable, below the photo chooser. */
import type { LabelList } from '../../client/wire.js';
import { listLabels } from '../api.js';
import { byId, el } from '../dom.js';
import { formatCount, formatLabel, formatNumber } from '../format.js';
import { replaceProblem } from '../problem.js';
import { language, texts } from '../texts/texts.js';

const foldText = (text: string) => text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '');

function breedRow({ label, count: items }: LabelList['labels'][number]): HTMLLIElement {
  return el(
    'li',
    el('bdi', formatLabel(label)),
    el('span.value', { title: formatCount(items, 'photo') }, formatNumber(items)),
  );
}

function searchableList(labels: LabelList['labels']): HTMLElement {
  const sorted = labels.toSorted((a, b) =>
    formatLabel(a.label).localeCompare(formatLabel(b.label), language),
  );
  const rows = sorted.map(breedRow);
  const names = sorted.map(({ label }) => foldText(formatLabel(label)));
  const status = el('p.small', { role: 'status' });
  const oninput = () => {
    const query = foldText(field.value.trim());
    rows.forEach((node, i) => {
      node.hidden = !names[i]!.includes(query);
    });
    const shown = rows.filter(({ hidden }) => !hidden).length;
    const { none, some } = texts.breeds;
    status.textContent = query === '' ? '' : shown === 0 ? none : some(shown, rows.length);
  };
  const { search, placeholder } = texts.breeds;
  const field = el('input', {
    type: 'search',
    'aria-label': search,
    placeholder,
    autocomplete: 'off',
    oninput,
  });
  return el('div.known.surface', field, status, el('ul.breed-list', rows));
}

/** Shows the labels of a collection; nothing if it cannot be used or has none. */
export async function showBreeds(collection: string): Promise<void> {
  const place = byId('breeds', HTMLDetailsElement);
  const labels = await listLabels(collection).catch(replaceProblem([]));
  const named = labels.filter(({ label }) => label !== null);
  place.hidden = named.length === 0;
  const photos = named.reduce((sum, { count: items }) => sum + items, 0);
  place.replaceChildren(
    el('summary', texts.breeds.summary(formatCount(named.length, 'breed'), formatCount(photos, 'photo'))),
    searchableList(named),
  );
}
