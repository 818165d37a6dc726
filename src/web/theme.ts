/** Light or dark: the system's choice until the user makes another, which this browser then remembers. */
import { lastingMemory } from './browser-memory.js';

type Theme = 'light' | 'dark';

const STORED = 'pawdex.theme';

function readTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') {
    return chosen;
  }
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Applies the remembered theme and makes `toggle` switch it. */
export function startTheme(toggle: HTMLButtonElement): void {
  const stored = lastingMemory.read(STORED);
  if (stored === 'light' || stored === 'dark') {
    document.documentElement.dataset.theme = stored;
  }
  const show = () => toggle.setAttribute('aria-pressed', String(readTheme() === 'dark'));
  toggle.addEventListener('click', () => {
    const next: Theme = readTheme() === 'dark' ? 'light' : 'dark';
    document.documentElement.dataset.theme = next;
    lastingMemory.write(STORED, next);
    show();
  });
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show);
  show();
}
