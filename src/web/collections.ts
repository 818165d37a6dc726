/** The collection chooser: filled from the server, remembered in the page's address. */
import { listCollections } from './api.js';
import { el } from './dom.js';
import { formatNumber } from './format.js';
import { Problem } from './problem.js';
import { texts } from './texts/texts.js';

/** What is asked when nothing else is chosen: the collection every server starts with. */
const SHIPPED = 'breeds';

/** The collection that the page's address names. */
export function collectionOfAddress(): string {
  return new URLSearchParams(location.search).get('collection') || SHIPPED;
}

/** The chooser's state and its way to the server. */
export class CollectionChooser {
  /** @param onChange called when a person chose another collection */
  constructor(
    private readonly select: HTMLSelectElement,
    onChange: () => void,
    private readonly onMissing: (name: string) => void,
  ) {
    this.fill([[collectionOfAddress(), collectionOfAddress()]]);
    select.addEventListener('change', onChange);
  }

  /** Shows the collection that the address names, as after Back. @returns whether it is another */
  follow(): boolean {
    const named = collectionOfAddress();
    const isOther = named !== this.value && [...this.select.options].some(({ value }) => value === named);
    if (isOther) {
      this.select.value = named;
    }
    return isOther;
  }

  /** The collection chosen now. */
  get value(): string {
    return this.select.value;
  }

  /**
   * Fills the chooser. A server that does not answer leaves it as it is: the photo's own request will say why.
   *
   * @throws Problem unauthorized, when the server asks for a key
   */
  async load(): Promise<void> {
    const collections = await listCollections().catch((error: unknown) => {
      if (error instanceof Problem && error.code !== 'unauthorized') {
        return null;
      }
      throw error;
    });
    if (collections === null) {
      return;
    }
    const options = collections.map(({ name, count }): [string, string] => [
      name,
      `${name} (${formatNumber(count)})`,
    ]);
    const named = new URLSearchParams(location.search).get('collection');
    // One that the address names is never replaced silently by another: its answer would be of something else.
    if (named && !collections.some(({ name }) => name === named)) {
      options.unshift([named, texts.ask.notOnServer(named)]);
      this.onMissing(named);
    }
    if (options.length > 0) {
      this.fill(options);
    }
  }

  private fill(options: [name: string, text: string][]): void {
    const chosen = this.select.value || collectionOfAddress();
    this.select.replaceChildren(...options.map(([value, text]) => el('option', { value }, text)));
    if (options.some(([name]) => name === chosen)) {
      this.select.value = chosen;
    }
  }
}
