/** What the pages of a collection have in common: a header with its name, description and state, and links to its pages. */
import type { CollectionInfo } from '../../client/wire.js';
import { button, el, fill, withCode } from '../dom.js';
import { formatCount } from '../format.js';
import { attempt } from '../hint.js';
import { texts } from '../texts/texts.js';
import { askToEdit } from './collection-dialogs.js';
import { getCollection } from './manage-calls.js';
import { commitPendingChange } from './undo.js';

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

export abstract class CollectionPage {
  readonly #page: PageName;
  readonly element = el('section.manage', { 'aria-labelledby': 'manage-title' });
  readonly #about = el('p.about', { dir: 'auto' });
  readonly #state = el('p.small', { role: 'status' });
  readonly #problem = el('div');
  protected readonly left = new AbortController();

  constructor(
    protected readonly name: string,
    page: PageName,
  ) {
    this.#page = page;
    const t = texts.manage;
    const links = PAGES.map((each) =>
      el('a.tool', { href: getPageUrl(name, each), 'aria-current': each === page && 'page' }, t.pages[each]),
    );
    this.element.append(
      el(
        'header',
        el('p', el('a.back-link', { href: '#/collections' }, t.all)),
        el('h1', { id: 'manage-title', tabindex: -1 }, name),
        this.#about,
        this.#state,
        this.#problem,
        el('p.reads.small', t.readOnly),
        el('nav.pages.collection-pages', { 'aria-label': t.pagesOf(name) }, links),
      ),
    );
  }

  /** Fills the page. @throws Problem collection_not_found */
  abstract open(): Promise<void>;

  /** @returns resolved when it may be removed, if that is not now */
  close(): Promise<void> | undefined {
    this.left.abort();
    commitPendingChange();
    return undefined;
  }

  /** Shows the collection's current state. @throws Problem collection_not_found */
  protected async showState(): Promise<CollectionInfo> {
    const info = await getCollection(this.name);
    const t = texts.manage.state;
    const onChange = (name: string) => {
      if (name === this.name) {
        void attempt(() => this.showState());
      } else {
        location.hash = getPageUrl(name, this.#page);
      }
    };
    const edit = button(texts.edit, 'plain.writes', () => askToEdit(info, onChange));
    edit.classList.add('link');
    fill(this.#about, info.description && `${info.description} `, edit);
    const aliases = info.aliases.length > 0 ? ` ${t.aliases(info.aliases.join(', '))}` : '';
    const state = info.count === 0 ? t.empty : `${formatCount(info.count, 'photo')}, ${describeState(info)}.`;
    this.#state.textContent = state + aliases;
    fill(this.#problem, problemNotes(info));
    return info;
  }
}
