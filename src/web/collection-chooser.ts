/** The collection chooser: filled from the server, remembered in the page's URL. */
import { listCollections } from './api.js';
import { el } from './dom.js';
import { formatNumber } from './format.js';
import { expectProblem } from './problem.js';
import { texts } from './texts/texts.js';

/** The default: the collection that every server starts with. */
const SHIPPED = 'breeds';

export function readCollectionFromUrl(): string {
  return new URLSearchParams(location.search).get('collection') || SHIPPED;
}

/** The chooser and its connection to the server. */
export class CollectionChooser {
  readonly #select: HTMLSelectElement;
  readonly #onMissing: (name: string) => void;

  /** @param onChange called when the user chose another collection */
  constructor(select: HTMLSelectElement, onChange: () => void, onMissing: (name: string) => void) {
    this.#select = select;
    this.#onMissing = onMissing;
    this.#fill([[readCollectionFromUrl(), readCollectionFromUrl()]]);
    select.addEventListener('change', onChange);
  }

  /** Shows the collection in the URL, as after Back. @returns whether it is another */
  syncWithUrl(): boolean {
    const named = readCollectionFromUrl();
    const isOther = named !== this.value && [...this.#select.options].some(({ value }) => value === named);
    if (isOther) {
      this.#select.value = named;
    }
    return isOther;
  }

  /** The collection chosen now. */
  get value(): string {
    return this.#select.value;
  }

  /**
   * Fills the chooser. If the server does not answer, it stays as it is: the request with the photo will report why.
   *
   * @throws Problem unauthorized, when the server asks for a key
   */
  async load(): Promise<void> {
    const collections = await listCollections().catch((error: unknown) => {
      if (expectProblem(error).code === 'unauthorized') {
        throw error;
      }
      return null;
    });
    if (collections === null) {
      return;
    }
    const options = collections.map(({ name, count }): [string, string] => [
      name,
      `${name} (${formatNumber(count)})`,
    ]);
    const named = new URLSearchParams(location.search).get('collection');
    // One named in the URL is never silently replaced by another, which would answer a different question.
    if (named && !collections.some(({ name }) => name === named)) {
      options.unshift([named, texts.ask.notOnServer(named)]);
      this.#onMissing(named);
    }
    if (options.length > 0) {
      this.#fill(options);
    }
  }

  #fill(options: [name: string, text: string][]): void {
    const chosen = this.#select.value || readCollectionFromUrl();
    this.#select.replaceChildren(...options.map(([value, text]) => el('option', { value }, text)));
    if (options.some(([name]) => name === chosen)) {
      this.#select.value = chosen;
    }
  }
}
