/** The collection to ask: chosen from those of the server, remembered in the page's URL, its breeds listed below. */
import { listCollections } from './api.js';
import { byId, el } from './dom.js';
import { formatNumber } from './format.js';
import { showHint } from './hint.js';
import { expectProblem } from './problem.js';
import { texts } from './texts/texts.js';
import { showBreeds } from './views/breeds.js';

/** The default: the collection that every server starts with. */
const SHIPPED = 'breeds';

export function readCollectionFromUrl(): string {
  return new URLSearchParams(location.search).get('collection') || SHIPPED;
}

/** The chooser and its connection to the server. */
export class CollectionChooser {
  readonly #select = byId('collection', HTMLSelectElement);

  /** @param onChange called when the user chose another collection */
  constructor(onChange: () => void) {
    this.#fill([[readCollectionFromUrl(), readCollectionFromUrl()]]);
    this.#select.addEventListener('change', () => {
      onChange();
      void showBreeds(this.value);
    });
  }

  /** Shows the collection in the URL, as after Back. */
  syncWithUrl(): void {
    const named = readCollectionFromUrl();
    if (named !== this.value && [...this.#select.options].some(({ value }) => value === named)) {
      this.#select.value = named;
      void showBreeds(named);
    }
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
      return [];
    });
    if (collections.length > 0) {
      const options = collections.map(({ name, count }): [string, string] => [
        name,
        `${name} (${formatNumber(count)})`,
      ]);
      const named = new URLSearchParams(location.search).get('collection');
      // One named in the URL is never silently replaced by another, which would answer a different question.
      if (named && !collections.some(({ name }) => name === named)) {
        options.unshift([named, texts.ask.notOnServer(named)]);
        showHint(texts.ask.missing(named));
      }
      this.#fill(options);
    }
    await showBreeds(this.value);
  }

  #fill(options: [name: string, text: string][]): void {
    const chosen = this.#select.value || readCollectionFromUrl();
    this.#select.replaceChildren(...options.map(([value, text]) => el('option', { value }, text)));
    if (options.some(([name]) => name === chosen)) {
      this.#select.value = chosen;
    }
  }
}
