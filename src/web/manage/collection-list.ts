/** The list of collections with their contents and state, and the forms to create, import and delete one. */
import type { CollectionInfo, ImportOutcome } from '../../client/wire.js';
import { getCollectionPath, isReadOnly, listCollections } from '../api.js';
import { button, type Child, el, fileButton, fill } from '../dom.js';
import { form, submitButton } from '../form.js';
import { formatCount } from '../format.js';
import { attempt, showHint } from '../hint.js';
import { texts } from '../texts/texts.js';
import { askToDelete, askToEdit, nameField } from './collection-dialogs.js';
import { describeState, getPageUrl, problemNotes } from './collection-page.js';
import { startJob } from './follow-job.js';
import { createCollection, download, startImport } from './manage-calls.js';
import { runJob } from './run-job.js';

/** Exports a collection as a job, whose file the browser downloads. A read-only server runs no jobs. */
async function exportCollection(place: HTMLElement, name: string, opener: HTMLButtonElement): Promise<void> {
  if (isReadOnly()) {
    await attempt(() => download(getCollectionPath(name, '/export')));
    return;
  }
  const begin = () => startJob({ kind: 'export', collection: name });
  await runJob(place, { title: texts.manage.list.export, begin, opener }, async ({ id }) => {
    await download(`v1/jobs/${id}/file`);
    fill(place);
  });
}

function collectionRow(collection: CollectionInfo, onChange: () => void): HTMLLIElement {
  const t = texts.manage.list;
  const { name, description, aliases, count: items } = collection;
  const place = el('div', { 'aria-live': 'polite' });
  const exporter = button(t.export, 'plain', () => void exportCollection(place, name, exporter));
  return el(
    'li.collection.surface.compact',
    el('h2', el('a', { href: getPageUrl(name) }, name)),
    el('p', formatCount(items, 'photo')),
    el('p.small', describeState(collection)),
    description && el('p', { dir: 'auto' }, description),
    aliases.length > 0 && el('p.small', texts.manage.state.aliases(aliases.join(', '))),
    problemNotes(collection),
    el(
      'p.actions',
      el('a.button.plain', { href: `?collection=${encodeURIComponent(name)}` }, t.identify),
      button(texts.edit, 'plain.writes', () => askToEdit(collection, onChange)),
      exporter,
      button(texts.delete, 'plain.writes', () => askToDelete(collection, onChange)),
    ),
    place,
  );
}

/** Imports an export file; the collection keeps its name unless another is given. */
function importField(name: HTMLInputElement, place: HTMLElement): Child[] {
  const t = texts.manage.list;
  return fileButton(t.import, 'plain', { accept: '.parquet' }, async ([file]) => {
    name.value ||= file!.name.replace(/\.parquet$/i, '').replaceAll(/[^\w-]+/g, '-');
    if (!name.reportValidity()) {
      return;
    }
    fill(place, t.importing);
    const begin = () => startImport(name.value, file!);
    await runJob(place, { title: t.import, begin }, ({ result }) => {
      const { created, exists, failed } = result as ImportOutcome;
      showHint(t.imported(formatCount(created, 'photo'), exists, failed));
      location.hash = getPageUrl(name.value);
    });
  });
}

function creationForm(): HTMLFormElement {
  const t = texts.manage.list;
  const name = nameField('new-name');
  const description = el('input', {
    id: 'new-description',
    maxlength: 2000,
    autocomplete: 'off',
    dir: 'auto',
  });
  const create = async () => {
    await createCollection(name.value, description.value.trim());
    location.hash = getPageUrl(name.value);
  };
  const fields = [
    el('h2', t.creation),
    el('label', { for: 'new-name' }, texts.manage.name),
    name,
    el('label', { for: 'new-description' }, t.description),
    description,
  ];
  const place = el('div', { 'aria-live': 'polite' });
  const actions = [submitButton(t.create), importField(name, place)];
  const creation = form('form.creation.writes.surface', create, fields, actions);
  creation.append(place);
  return creation;
}

/** The view at `#/collections`. @throws Problem */
export async function collectionListView(reload: () => void): Promise<HTMLElement> {
  const collections = await listCollections();
  return el(
    'section.manage',
    { 'aria-labelledby': 'manage-title' },
    el('h1', { id: 'manage-title', tabindex: -1 }, texts.page.collections),
    el('p.reads', texts.manage.readOnly),
    el(
      'ul.collections',
      collections.map((each) => collectionRow(each, reload)),
    ),
    creationForm(),
  );
}
