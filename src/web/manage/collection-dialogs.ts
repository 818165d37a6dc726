/** The dialogs that change or delete a collection. */
import type { CollectionInfo } from '../../client/wire.js';
import { button, type Child, el, openDialog } from '../dom.js';
import { form, submitButton } from '../form.js';
import { formatCount } from '../format.js';
import { Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import { deleteCollection, updateCollection } from './manage-calls.js';

/** Asks for confirmation in a dialog that closes when the action has succeeded. */
function askToConfirm(title: string, fields: Child, yes: HTMLButtonElement, act: () => Promise<void>): void {
  const submit = async () => {
    await act();
    dialog.close();
  };
  const no = button(texts.cancel, 'plain', () => dialog.close());
  const dialog = openDialog(
    { 'aria-label': title },
    form('form', submit, [el('h2', title), fields], [yes, no]),
  );
}

/** Asks for the collection's name before it is deleted. */
export function askToDelete({ name, count: items }: CollectionInfo, onDeleted: () => void): void {
  const t = texts.manage.deleting;
  const field = el('input', { autocomplete: 'off', spellcheck: 'false', required: true });
  const fields = [el('p', t.warning(formatCount(items, 'photo'))), el('label', t.confirm(name), field)];
  askToConfirm(t.title(name), fields, submitButton(t.yes, 'danger'), async () => {
    if (field.value !== name) {
      throw new Problem('name_mismatch', 0);
    }
    await deleteCollection(name);
    onDeleted();
  });
}

export function nameField(id: string): HTMLInputElement {
  return el('input', {
    id,
    required: true,
    maxlength: 64,
    pattern: '[A-Za-z0-9][A-Za-z0-9_\\-]*',
    title: texts.manage.list.namePattern,
    autocomplete: 'off',
    spellcheck: 'false',
  });
}

/** The dialog that changes a collection's name, other names and description. */
export function askToEdit(info: CollectionInfo, onChange: (name: string) => void): void {
  const t = texts.manage.editing;
  const { name, description = '' } = info;
  const named = nameField('edit-name');
  named.value = name;
  const others = el('input', { autocomplete: 'off', spellcheck: 'false', maxlength: 1400 });
  others.value = info.aliases.join(', ');
  const about = el('textarea', { rows: 4, maxlength: 2000, dir: 'auto' });
  about.value = description;
  const fields = [
    el('label', texts.manage.name, named),
    el('label', t.aliases, others, el('span.small', t.aliasesHelp)),
    el('label', t.description, about),
  ];
  askToConfirm(t.title(name), fields, submitButton(t.yes), async () => {
    const aliases = others.value.split(/[\s,;]+/).filter(Boolean);
    await updateCollection(name, {
      ...(named.value === name ? {} : { name: named.value }),
      ...(aliases.join() === info.aliases.join() ? {} : { aliases }),
      ...(about.value.trim() === description ? {} : { description: about.value.trim() }),
    });
    onChange(named.value);
  });
}
