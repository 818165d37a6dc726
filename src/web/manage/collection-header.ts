/** The head of a collection's pages: its name, description and state, and the way to each of its pages. */
import type { CollectionInfo } from '../../client/wire.js';
import { button, el, openDialog } from '../dom.js';
import { count } from '../format.js';
import { texts } from '../texts/texts.js';
import { attempt } from './attempt.js';
import { deleteCollection, describeCollection } from './manage-calls.js';

/** The pages of a collection, in the order of their links. */
export const PAGES = ['photos', 'map', 'duplicates', 'quality'] as const;
export type PageName = (typeof PAGES)[number];

/** The address of a page of a collection. */
export function addressOf(name: string, page: PageName = 'photos'): string {
  return `#/collections/${encodeURIComponent(name)}${page === 'photos' ? '' : `/${page}`}`;
}

/** In words: how far its answers can be trusted, and how it is searched. */
export function stateOf({ calibration, index, count: items }: CollectionInfo): string {
  const t = texts.manage.state;
  const trust = calibration == null ? t.uncalibrated : t.calibrated;
  const search =
    index.kind === 'hnsw'
      ? t.hnsw
      : index.kind === 'building'
        ? t.building(Math.round((100 * index.indexed) / Math.max(1, items)))
        : t.exact;
  return `${trust}, ${search}`;
}

interface Question {
  title: string;
  content: (Node | string)[];
  yes: string;
  no: string;
  isDangerous?: boolean;
  /** @returns what keeps it from being done, in words; else null */
  act: () => Promise<string | null>;
}

/** Asks before something is done, in a dialog that stays open while it cannot be done. */
function ask({ title, content, yes, no, isDangerous, act }: Question): void {
  const trouble = el('p', { class: 'trouble', role: 'alert' });
  const form = el('form', { method: 'dialog' }, el('h2', {}, title), ...content, trouble);
  const dialog = openDialog({ class: 'dialog', 'aria-label': title }, form);
  form.append(
    el(
      'p',
      { class: 'actions' },
      el('button', { type: 'submit', class: `button ${isDangerous ? 'danger' : 'primary'}` }, yes),
      button(no, 'plain', () => dialog.close()),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    await attempt(
      async () => {
        trouble.textContent = (await act()) ?? '';
        if (trouble.textContent === '') {
          dialog.close();
        }
      },
      (words) => {
        trouble.textContent = words;
      },
    );
  });
}

/** Asks for the collection's name before it is deleted. */
export function askToDelete({ name, count: items }: CollectionInfo, onDeleted: () => void): void {
  const t = texts.manage.deleting;
  const field = el('input', { autocomplete: 'off', spellcheck: 'false', required: true });
  ask({
    title: t.title(name),
    content: [el('p', {}, t.warning(count(items, 'photo'))), el('label', {}, t.confirm(name), field)],
    yes: t.yes,
    no: t.no,
    isDangerous: true,
    act: async () => {
      if (field.value !== name) {
        return t.otherName;
      }
      await deleteCollection(name);
      onDeleted();
      return null;
    },
  });
}

/** Lets a person write what the collection is about. */
export function askToDescribe({ name, description = '' }: CollectionInfo, onChange: () => void): void {
  const t = texts.manage.describing;
  const field = el('textarea', { rows: 4, maxlength: 2000, dir: 'auto' });
  field.value = description;
  ask({
    title: t.title(name),
    content: [el('label', {}, t.field, field)],
    yes: t.yes,
    no: t.no,
    act: async () => {
      await describeCollection(name, field.value.trim());
      onChange();
      return null;
    },
  });
}

/** The head of a page of a collection; `show` brings it up to date. */
export class CollectionHeader {
  readonly element = el('header', { class: 'collection-head' });
  readonly #state = el('p', { class: 'small', role: 'status' });
  readonly #about = el('p', { class: 'about', dir: 'auto' });

  constructor(name: string, page: PageName) {
    const t = texts.manage;
    const links = PAGES.map((each) =>
      el(
        'a',
        { class: 'tool', href: addressOf(name, each), 'aria-current': each === page && 'page' },
        t.pages[each],
      ),
    );
    this.element.append(
      el('p', {}, el('a', { href: '#/collections' }, t.all)),
      el('h1', { id: 'manage-title', tabindex: -1 }, name),
      this.#about,
      this.#state,
      el('nav', { class: 'pages collection-pages', 'aria-label': t.pagesOf(name) }, ...links),
    );
  }

  /** @param onChange called when the description was changed */
  show(info: CollectionInfo, onChange: () => void): void {
    const t = texts.manage;
    const edit = button(info.description ? t.describing.edit : t.describing.add, 'plain', () =>
      askToDescribe(info, onChange),
    );
    edit.classList.add('link');
    this.#about.replaceChildren(...(info.description ? [`${info.description} `] : []), edit);
    const state = info.count === 0 ? t.state.empty : `${count(info.count, 'photo')}, ${stateOf(info)}.`;
    this.#state.textContent = state;
  }
}
