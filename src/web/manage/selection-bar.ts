/** The bar above the grid, with actions for the selected photos or for all photos in the grid. */
import type { Item } from '../../client/wire.js';
import { button, byId, el } from '../dom.js';
import { count, humanise } from '../format.js';
import { texts } from '../texts/texts.js';

/** Actions of the bar. */
export interface SelectionActions {
  relabel: (label: string) => Promise<void>;
  remove: () => Promise<void>;
  open: (item: Item) => void;
  chooseNone: () => void;
}

/** State shown in the bar. */
export interface Selection {
  chosen: readonly Item[];
  /** The label of the grid, if it shows one. */
  label: string | null;
}

/** Fills the bar, or hides it if there are no actions. */
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
