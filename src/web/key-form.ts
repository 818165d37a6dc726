/** The form for an API key, shown when the server asks for one. */
import { hasApiKey, setApiKey } from './api.js';
import { byId } from './dom.js';
import { texts } from './texts/texts.js';

const form = byId('key-form', HTMLFormElement);
const field = byId('key', HTMLInputElement);

export function askForKey(): void {
  byId('key-note', HTMLElement).textContent = hasApiKey() ? texts.key.refused : texts.key.wanted;
  form.hidden = false;
  field.focus();
  // Focusing a field that already has the focus does not scroll it into view.
  form.scrollIntoView({ block: 'nearest' });
}

/** @param onKey called when a key was entered */
export function startKeyForm(onKey: () => void): void {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    setApiKey(field.value.trim());
    field.value = '';
    form.hidden = true;
    onKey();
  });
}
