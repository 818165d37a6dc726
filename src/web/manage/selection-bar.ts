/** The bar above the grid: what can be done with the chosen photos, or with all that the grid shows. */
import type { Item } from '../../client/wire.js';
import { button, byId, el } from '../dom.js';
import { count, humanise } from '../format.js';
import { texts } from '../texts/texts.js';

/** What the bar does. */
export interface SelectionActions {
  relabel: (label: string) => Promise<void>;
  remove: () => Promise<void>;
  open: (item: Item) => void;
  chooseNone: () => void;
}

/** What the bar is about. */
export interface Selection {
  chosen: readonly Item[];
  /** The label whose photos are shown, if it is one. */
  label: string | null;
}

/** Fills the bar; it is hidden when there is nothing to do anything with. */
export function showSelection(
  bar: HTMLElement,
  { chosen, label }: Selection,
  actions: SelectionActions,
): void {
  const t = texts.manage.selection;
  const isAll = chosen.length === 0 && label !== null;
  const field = el('input', {
    list: 'known-labels',
    'aria-label': t.newLabel,
    placeholder: t.newLabel,
    autocomplete: 'off',
    maxlength: 200,
    dir: 'auto',
  });
  const give = () => {
    const wanted = field.value.trim();
    if (wanted === '') {
      field.focus();
    } else {
      void actions.relabel(wanted);
    }
  };
  field.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') {
      give();
    }
  });
  const [only] = chosen;
  bar.hidden = chosen.length === 0 && !isAll;
  bar.replaceChildren(
    el('strong', {}, isAll ? t.allOf(humanise(label)) : t.chosen(count(chosen.length, 'photo'))),
    field,
    button(isAll ? t.renameOrMerge : t.relabel, 'plain', give),
    button(t.delete, 'plain', () => void actions.remove()),
    ...(chosen.length === 1 ? [button(t.open, 'plain', () => actions.open(only!))] : []),
    ...(isAll ? [] : [button(t.none, 'plain', actions.chooseNone)]),
  );
  byId('status', HTMLElement).textContent =
    chosen.length === 0 ? '' : `${t.chosen(count(chosen.length, 'photo'))}.`;
}
