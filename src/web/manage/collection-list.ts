/** All collections: what they hold and in which state they are; a new one, and deleting one. */
import type { CollectionInfo } from '../../client/wire.js';
import { listCollections } from '../api.js';
import { button, el } from '../dom.js';
import { count } from '../format.js';
import { texts } from '../texts/texts.js';
import { attempt } from './attempt.js';
import { addressOf, askToDelete, askToDescribe, stateOf } from './collection-header.js';
import { createCollection } from './manage-calls.js';

function row(collection: CollectionInfo, onChange: () => void): HTMLLIElement {
  const t = texts.manage.list;
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
      el('a', { class: 'button plain', href: `?collection=${encodeURIComponent(name)}` }, t.ask),
      button(t.describe, 'plain', () => askToDescribe(collection, onChange)),
      button(t.delete, 'plain', () => askToDelete(collection, onChange)),
    ),
  );
}

function creation(): HTMLFormElement {
  const t = texts.manage.list;
  const name = el('input', {
    id: 'new-name',
    required: true,
    maxlength: 64,
    pattern: '[A-Za-z0-9][A-Za-z0-9_\\-]*',
    title: t.namePattern,
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const description = el('input', {
    id: 'new-description',
    maxlength: 2000,
    autocomplete: 'off',
    dir: 'auto',
  });
  const trouble = el('p', { class: 'trouble', role: 'alert' });
  const form = el(
    'form',
    { class: 'creation' },
    el('h2', {}, t.creation),
    el('label', { for: 'new-name' }, t.name),
    name,
    el('label', { for: 'new-description' }, t.description),
    description,
    trouble,
    el('button', { type: 'submit', class: 'button primary' }, t.create),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const isDone = await attempt(
      () => createCollection(name.value, description.value.trim()),
      (words) => {
        trouble.textContent = words;
      },
    );
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
