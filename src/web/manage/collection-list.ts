/** The list of collections with their contents and state, and the forms to create, import and delete one. */
import type { CollectionInfo } from '../../client/wire.js';
import { listCollections } from '../api.js';
import { button, el, saveFile } from '../dom.js';
import { count } from '../format.js';
import { hint } from '../hint.js';
import { texts } from '../texts/texts.js';
import { attempt } from './attempt.js';
import { addressOf, askToDelete, askToEdit, nameField, problemOf, stateOf } from './collection-header.js';
import { createCollection, exportCollection, importCollection } from './manage-calls.js';

function row(collection: CollectionInfo, onChange: () => void): HTMLLIElement {
  const t = texts.manage.list;
  const { name, description, aliases, count: items } = collection;
  return el(
    'li',
    { class: 'collection' },
    el('h2', {}, el('a', { href: addressOf(name) }, name)),
    el('p', { class: 'collection-count' }, count(items, 'photo')),
    el('p', { class: 'small' }, stateOf(collection)),
    ...(description ? [el('p', { dir: 'auto' }, description)] : []),
    ...(aliases.length > 0
      ? [el('p', { class: 'small' }, texts.manage.state.aliases(aliases.join(', ')))]
      : []),
    ...problemOf(collection),
    el(
      'p',
      { class: 'actions' },
      el('a', { class: 'button plain', href: `?collection=${encodeURIComponent(name)}` }, t.ask),
      button(t.edit, 'plain', () => askToEdit(collection, onChange)),
      exportButton(name),
      button(t.delete, 'plain', () => askToDelete(collection, onChange)),
    ),
  );
}

function exportButton(name: string): HTMLButtonElement {
  const node = button(texts.manage.list.export, 'plain', async () => {
    node.setAttribute('aria-busy', 'true');
    await attempt(async () => saveFile(await exportCollection(name), `${name}.parquet`));
    node.removeAttribute('aria-busy');
  });
  return node;
}

/** Imports an export file; the collection keeps its name unless another is given. */
function importField(name: HTMLInputElement, say: (words: string) => void): HTMLElement[] {
  const t = texts.manage.list;
  const field = el('input', { type: 'file', accept: '.parquet', hidden: true, 'aria-label': t.import });
  const node = button(t.import, 'plain', () => field.click());
  field.addEventListener('change', async () => {
    const [file] = field.files ?? [];
    field.value = '';
    if (file === undefined) {
      return;
    }
    name.value ||= file.name.replace(/\.parquet$/i, '').replaceAll(/[^\w-]+/g, '-');
    if (!name.reportValidity()) {
      return;
    }
    say(t.importing);
    await attempt(async () => {
      const { created, exists, failed } = await importCollection(name.value, file);
      hint(t.imported(count(created, 'photo'), exists, failed));
      location.hash = addressOf(name.value);
    }, say);
  });
  return [node, field];
}

function creation(): HTMLFormElement {
  const t = texts.manage.list;
  const name = nameField('new-name');
  const description = el('input', {
    id: 'new-description',
    maxlength: 2000,
    autocomplete: 'off',
    dir: 'auto',
  });
  const trouble = el('p', { class: 'trouble', role: 'alert' });
  const say = (words: string) => {
    trouble.textContent = words;
  };
  const form = el(
    'form',
    { class: 'creation' },
    el('h2', {}, t.creation),
    el('label', { for: 'new-name' }, t.name),
    name,
    el('label', { for: 'new-description' }, t.description),
    description,
    trouble,
    el(
      'p',
      { class: 'actions' },
      el('button', { type: 'submit', class: 'button primary' }, t.create),
      ...importField(name, say),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const isDone = await attempt(() => createCollection(name.value, description.value.trim()), say);
    if (isDone) {
      location.hash = addressOf(name.value);
    } else {
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
    el('h1', { id: 'manage-title', tabindex: -1 }, texts.manage.title),
    el('ul', { class: 'collections' }, ...collections.map((each) => row(each, reload))),
    creation(),
  );
}
