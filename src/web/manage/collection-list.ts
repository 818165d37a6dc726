/** All collections: what they hold and in which state they are; a new one, and deleting one. */
import { type Collection, listCollections } from '../api.js';
import { button, el } from '../dom.js';
import { count } from '../format.js';
import { Problem } from '../problem.js';
import { createCollection, deleteCollection } from './store-panel.js';

/** The address of a collection's page. */
const addressOf = (name: string) => `#/collections/${encodeURIComponent(name)}`;

/** In words: how far its answers can be trusted, and how it is searched. */
export function stateOf({ calibration, index, count: items }: Collection): string {
  const trust = calibration == null ? 'not calibrated' : 'calibrated';
  const search =
    index.kind === 'hnsw'
      ? 'searched by its index'
      : index.kind === 'building'
        ? `its index is being built, ${Math.round((100 * index.indexed) / Math.max(1, items))}% done`
        : 'searched photo by photo';
  return `${trust}, ${search}`;
}

function askToDelete({ name, count: items }: Collection, onDeleted: () => void): void {
  const field = el('input', { autocomplete: 'off', spellcheck: 'false', required: true });
  const trouble = el('p', { class: 'trouble', role: 'alert' });
  const form = el(
    'form',
    { method: 'dialog' },
    el('h2', {}, `Delete “${name}”?`),
    el('p', {}, `All ${count(items, 'photo')} in it are deleted from this server. This cannot be undone.`),
    el('label', {}, `Type ${name} to confirm`, field),
    trouble,
  );
  const dialog = el('dialog', { class: 'dialog', 'aria-label': `Delete ${name}` }, form);
  const yes = el('button', { type: 'submit', class: 'button danger' }, 'Delete it');
  form.append(
    el(
      'p',
      { class: 'actions' },
      yes,
      button('Keep it', 'plain', () => dialog.close()),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (field.value !== name) {
      trouble.textContent = 'That is not its name.';
      return;
    }
    try {
      await deleteCollection(name);
      dialog.close();
      onDeleted();
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      trouble.textContent = `${error.title} ${error.hint ?? ''}`;
    }
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function row(collection: Collection, onChange: () => void): HTMLLIElement {
  const { name, description, count: items } = collection;
  return el(
    'li',
    { class: 'collection' },
    el('h2', {}, el('a', { href: addressOf(name) }, name)),
    el('p', { class: 'collection-count' }, count(items, 'photo')),
    el('p', { class: 'small' }, stateOf(collection)),
    ...(description ? [el('p', { dir: 'auto' }, description)] : []),
    el(
      'p',
      { class: 'actions' },
      el('a', { class: 'button plain', href: `?collection=${encodeURIComponent(name)}` }, 'Ask it'),
      button('Delete', 'plain', () => askToDelete(collection, onChange)),
    ),
  );
}

function creation(): HTMLFormElement {
  const name = el('input', {
    id: 'new-name',
    required: true,
    maxlength: 64,
    pattern: '[A-Za-z0-9][A-Za-z0-9_\\-]*',
    title: 'Letters, digits, - and _; it begins with a letter or digit',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const description = el('input', { id: 'new-description', maxlength: 1000, autocomplete: 'off' });
  const trouble = el('p', { class: 'trouble', role: 'alert' });
  const form = el(
    'form',
    { class: 'creation' },
    el('h2', {}, 'A new collection'),
    el('label', { for: 'new-name' }, 'Name'),
    name,
    el('label', { for: 'new-description' }, 'Description, if you like'),
    description,
    trouble,
    el('button', { type: 'submit', class: 'button primary' }, 'Create it'),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await createCollection(name.value, description.value.trim());
      location.hash = addressOf(name.value);
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      trouble.textContent = error.title;
      name.focus();
    }
  });
  return form;
}

/** The view at `#/collections`. @throws Problem */
export async function collectionListView(reload: () => void): Promise<HTMLElement> {
  const collections = await listCollections();
  return el(
    'section',
    { class: 'manage', 'aria-labelledby': 'manage-title' },
    el('h1', { id: 'manage-title', tabindex: -1 }, 'Collections'),
    el('ul', { class: 'collections' }, ...collections.map((each) => row(each, reload))),
    creation(),
  );
}
