/**
 * The language of the page: the user's choice, else that of the browser. `texts` and `language` are live bindings, so code
 * that reads them while drawing gets the current language. Languages other than English are loaded when they are first
 * used. To add one, add a file of each kind and a line to `CATALOGUE`.
 */
import { lastingMemory } from '../browser-memory.js';
import { type AskTexts, english } from './english.js';
import { englishManage, type ManageTexts } from './english-manage.js';
import { englishProblems, type ProblemText } from './english-problems.js';

interface Texts extends AskTexts {
  problems: Record<string, ProblemText>;
  manage: ManageTexts;
}

/** The code of a language that has texts. */
export type Language = 'en' | 'de';

const ENGLISH: Texts = { ...english, problems: englishProblems, manage: englishManage };
const CATALOGUE: Record<Language, () => Promise<Texts>> = {
  en: async () => ENGLISH,
  de: async () => (await import('./german.js')).germanTexts,
};

const STORED = 'pawdex.language';

export let language: Language = 'en';
export let texts: Texts = ENGLISH;

const isKnown = (code: string | null): code is Language => code !== null && Object.hasOwn(CATALOGUE, code);

/** The page's text for a problem; undefined if it has none. */
export function findProblemText(code: string): ProblemText | undefined {
  return Object.hasOwn(texts.problems, code) ? texts.problems[code] : undefined;
}

/** The text at a path such as `ask.title`. */
function findText(path: string): string {
  let found: unknown = texts;
  for (const key of path.split('.')) {
    found = (found as Record<string, unknown>)[key];
  }
  if (typeof found !== 'string') {
    throw new Error(`The catalogue has no text ${path}.`);
  }
  return found;
}

/**
 * Fills in the texts of index.html: `data-text="ask.title"` is an element's content, and
 * `data-text-title="ask.title"` its attribute `title`. The build fills in the English ones.
 */
function fillTexts(): void {
  document.documentElement.lang = language;
  for (const node of document.querySelectorAll<HTMLElement>('*')) {
    for (const [key, path] of Object.entries(node.dataset)) {
      if (key === 'text') {
        node.textContent = findText(path!);
      } else if (/^text[A-Z]/.test(key)) {
        const name = key.slice(4).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
        node.setAttribute(name.slice(1), findText(path!));
      }
    }
  }
}

/** @returns false if its texts cannot be loaded, in which case the language stays */
async function setLanguage(code: Language): Promise<boolean> {
  const loaded = await CATALOGUE[code]().catch(() => null);
  if (loaded !== null) {
    texts = loaded;
    language = code;
    fillTexts();
  }
  return loaded !== null;
}

/**
 * Sets the language that was chosen before, else the first of the browser's languages that has texts, and lets `chooser`
 * change it.
 *
 * @param onChange called when the user has chosen a language, to redraw the page if its texts could be loaded
 */
export async function startLanguage(
  chooser: HTMLSelectElement,
  onChange: (isLoaded: boolean) => void,
): Promise<void> {
  const stored = lastingMemory.read(STORED);
  const preferred = navigator.languages.map((each) => each.split('-')[0]!.toLowerCase()).find(isKnown);
  const first = isKnown(stored) ? stored : (preferred ?? 'en');
  chooser.addEventListener('change', async () => {
    const isLoaded = await setLanguage(chooser.value as Language);
    chooser.value = language;
    if (isLoaded) {
      lastingMemory.write(STORED, language);
    }
    onChange(isLoaded);
  });
  if (first !== 'en') {
    await setLanguage(first);
  }
  chooser.value = language;
}
