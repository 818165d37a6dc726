/** The bar above the grid, with actions for the selected photos or for all photos in the grid. */
import { button, el, fill } from '../dom.js';
import { formatCount, formatLabel } from '../format.js';
import { announce } from '../hint.js';
import { texts } from '../texts/texts.js';

interface SelectionActions {
  relabel: (label: string) => void;
  remove: () => void;
  open: () => void;
  chooseNone: () => void;
}

/** The bar is changed as little as possible: beside ten thousand photos, new fields take the browser long. */
export class SelectionBar {
  readonly #actions: SelectionActions;
  readonly element: HTMLElement;
  readonly #summary = el('strong');
  readonly #field = el('input', {
    list: 'known-labels',
    'aria-label': texts.manage.selection.newLabel,
    placeholder: texts.manage.selection.newLabel,
    autocomplete: 'off',
    maxlength: 200,
    dir: 'auto',
    onkeydown: ({ key }) => key === 'Enter' && this.#relabel(),
  });
  readonly #give = button('', 'plain', () => this.#relabel());
  readonly #open: HTMLElement;
  readonly #none: HTMLElement;

  constructor(actions: SelectionActions) {
    this.#actions = actions;
    const t = texts.manage.selection;
    this.#open = button(texts.open, 'plain', actions.open);
    this.#none = button(t.none, 'plain', actions.chooseNone);
    const remove = button(texts.delete, 'plain', actions.remove);
    const attributes = { role: 'group', 'aria-label': t.title, hidden: true };
    this.element = el('div.selection.surface.writes.compact', attributes);
    fill(this.element, this.#summary, this.#field, this.#give, remove, this.#open, this.#none);
  }

  /**
   * Shows the selection; nothing if there is none, and no label either.
   *
   * @param count of the selected photos
   * @param label of the grid, if it shows one
   */
  show(count: number, label: string | null): void {
    const t = texts.manage.selection;
    const isAll = count === 0;
    const photos = t.chosen(formatCount(count, 'photo'));
    this.element.hidden = isAll && label === null;
    this.#summary.textContent = isAll ? t.allOf(formatLabel(label)) : photos;
    this.#give.textContent = isAll ? t.renameOrMerge : t.relabel;
    this.#open.hidden = count !== 1;
    this.#none.hidden = isAll;
    announce(isAll ? '' : `${photos}.`);
  }

  #relabel(): void {
    const wanted = this.#field.value.trim();
    if (wanted === '') {
      this.#field.focus();
    } else {
      this.#field.value = '';
      this.#actions.relabel(wanted);
    }
  }
}
