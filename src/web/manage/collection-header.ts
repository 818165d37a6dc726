/** The header of a collection's pages: its name, description and state, and links to its pages. */
import type { CollectionInfo } from '../../client/wire.js';
import { button, type Child, el, fill, openDialog, withCode } from '../dom.js';
import { form, submitButton } from '../form.js';
import { formatCount } from '../format.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { deleteCollection, updateCollection } from './manage-calls.js';

/** The pages of a collection, in the order of their links. */
export const PAGES = ['photos', 'map', 'duplicates', 'quality'] as const;
export type PageName = (typeof PAGES)[number];

/** The URL of a page of a collection. */
export function getPageUrl(name: string, page: PageName = 'photos'): string {
  return `#/collections/${encodeURIComponent(name)}${page === 'photos' ? '' : `/${page}`}`;
}

/** How far its answers can be trusted, and the progress of its index as text. */
export function describeState({ calibration, index, count: items, reembedding }: CollectionInfo): string {
  const t = texts.manage.state;
  const trust = calibration == null ? t.uncalibrated : t.calibrated;
  const done = Math.round((100 * index.indexed) / Math.max(1, items));
  const search = index.kind === 'building' ? t.building(done) : t[index.kind];
  return [trust, search, ...(reembedding === null ? [] : [t.reembedding(reembedding.model)])].join(', ');
}

/** Why a collection cannot be used, and what to do about it; nothing if it can. */
export function problemNotes({ problem }: CollectionInfo): HTMLElement[] {
  return problem === null ? [] : [el('p.error', withCode(`${problem.detail} ${problem.hint}`))];
}

/** Asks for confirmation in a dialog that closes when the action has succeeded. */
function askToConfirm(title: string, fields: Child, yes: HTMLButtonElement, act: () => Promise<void>): void {
  const submit = async () => {
    await act();
    dialog.close();
  };
  const no = button(texts.cancel, 'plain', () => dialog.close());
  const dialog = openDialog(
    { 'aria-label': title },
    form('form', submit, [el('h2', title), fields], [yes, no]),
  );
}

/** Asks for the collection's name before it is deleted. */
export function askToDelete({ name, count: items }: CollectionInfo, onDeleted: () => void): void {
  const t = texts.manage.deleting;
  const field = el('input', { autocomplete: 'off', spellcheck: 'false', required: true });
  const fields = [el('p', t.warning(formatCount(items, 'photo'))), el('label', t.confirm(name), field)];
  askToConfirm(t.title(name), fields, submitButton(t.yes, 'danger'), async () => {
    if (field.value !== name) {
      throw new Problem('name_mismatch', 0);
    }
    await deleteCollection(name);
    onDeleted();
  });
}

export function nameField(id: string): HTMLInputElement {
  return el('input', {
    id,
    required: true,
    maxlength: 64,
    pattern: '[A-Za-z0-9][A-Za-z0-9_\\-]*',
    title: texts.manage.list.namePattern,
    autocomplete: 'off',
    spellcheck: 'false',
  });
}

/** The dialog that changes a collection's name, other names and description. */
export function askToEdit(info: CollectionInfo, onChange: (name: string) => void): void {
  const t = texts.manage.editing;
  const { name, description = '' } = info;
  const named = nameField('edit-name');
  named.value = name;
  const others = el('input', { autocomplete: 'off', spellcheck: 'false', maxlength: 1400 });
  others.value = info.aliases.join(', ');
  const about = el('textarea', { rows: 4, maxlength: 2000, dir: 'auto' });
  about.value = description;
  const fields = [
    el('label', texts.manage.name, named),
    el('label', t.aliases, others, el('span.small', t.aliasesHelp)),
    el('label', t.description, about),
  ];
  askToConfirm(t.title(name), fields, submitButton(t.yes), async () => {
    const aliases = others.value.split(/[\s,;]+/).filter(Boolean);
    await updateCollection(name, {
      ...(named.value === name ? {} : { name: named.value }),
      ...(aliases.join() === info.aliases.join() ? {} : { aliases }),
      ...(about.value.trim() === description ? {} : { description: about.value.trim() }),
    });
    onChange(named.value);
  });
}

/** The header of a page of a collection; `show` updates it. */
export class CollectionHeader {
  readonly #name: string;
  readonly #page: PageName;
  readonly element = el('header.collection-head');
  readonly #state = el('p.small', { role: 'status' });
  readonly #about = el('p.about', { dir: 'auto' });
  readonly #problem = el('div');

  constructor(name: string, page: PageName) {
    this.#name = name;
    this.#page = page;
    const t = texts.manage;
    const links = PAGES.map((each) =>
      el('a.tool', { href: getPageUrl(name, each), 'aria-current': each === page && 'page' }, t.pages[each]),
    );
    this.element.append(
      el('p', el('a.back-link', { href: '#/collections' }, t.all)),
      el('h1', { id: 'manage-title', tabindex: -1 }, name),
      this.#about,
      this.#state,
      this.#problem,
      el('p.reads.small', t.readOnly),
      el('nav.pages.collection-pages', { 'aria-label': t.pagesOf(name) }, links),
    );
  }

  /** @param onChange called when the collection was changed */
  show(info: CollectionInfo, onChange: () => void): void {
    const t = texts.manage;
    const changed = (name: string) => {
      if (name === this.#name) {
        onChange();
      } else {
        location.hash = getPageUrl(name, this.#page);
      }
    };
    const edit = button(texts.edit, 'plain.writes', () => askToEdit(info, changed));
    edit.classList.add('link');
    fill(this.#about, info.description && `${info.description} `, edit);
    const aliases = info.aliases.length > 0 ? ` ${t.state.aliases(info.aliases.join(', '))}` : '';
    const state =
      info.count === 0 ? t.state.empty : `${formatCount(info.count, 'photo')}, ${describeState(info)}.`;
    this.#state.textContent = state + aliases;
    fill(this.#problem, problemNotes(info));
  }
}
