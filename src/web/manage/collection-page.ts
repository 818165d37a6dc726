/** What the pages of a collection have in common: their element, and the header with the collection's state. */
import type { CollectionInfo } from '../../client/wire.js';
import { el } from '../dom.js';
import { attempt } from '../hint.js';
import { CollectionHeader, type PageName } from './collection-header.js';
import { getCollection } from './manage-calls.js';

export abstract class CollectionPage {
  readonly element = el('section.manage', { 'aria-labelledby': 'manage-title' });
  readonly #header: CollectionHeader;
  protected readonly left = new AbortController();

  constructor(
    protected readonly name: string,
    page: PageName,
  ) {
    this.#header = new CollectionHeader(name, page);
    this.element.append(this.#header.element);
  }

  /** Fills the page. @throws Problem collection_not_found */
  abstract open(): Promise<void>;

  /** @returns resolved when it may be removed, if that is not now */
  close(): Promise<void> | undefined {
    this.left.abort();
    return undefined;
  }

  /** Shows the collection's current state. @throws Problem collection_not_found */
  protected async showState(): Promise<CollectionInfo> {
    const info = await getCollection(this.name);
    this.#header.show(info, () => void attempt(() => this.showState()));
    return info;
  }
}
