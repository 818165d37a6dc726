/** A form that adds the photo of an answer, with a label, to a collection. */
import type { Identification } from '../../engine/engine.js';
import { listCollections, listLabels } from '../api.js';
import { lastingMemory } from '../browser-memory.js';
import { button, el, fill } from '../dom.js';
import { form, submitButton } from '../form.js';
import { formatLabel, formatPlainLabel } from '../format.js';
import { attempt } from '../hint.js';
import { addPhotos } from '../manage/manage-calls.js';
import { Problem } from '../problem.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';

/** Key under which the page remembers the collection that was taught last. */
const TAUGHT = 'pawdex.taught';

/** The label to store for the user's input; an existing label keeps its spelling. */
function findSpelling(written: string, known: string[]): string {
  const label = written.trim();
  return known.find((each) => each === label || formatPlainLabel(each) === formatPlainLabel(label)) ?? label;
}

/** Lists the collections, and selects the one that was taught last, or that of the answer. */
async function fillChooser(chooser: HTMLSelectElement, collection: string): Promise<void> {
  const names = (await listCollections()).map(({ name }) => name);
  // The user may have been faster than the list.
  const chosen = chooser.dataset.isChosen === undefined ? lastingMemory.read(TAUGHT) : chooser.value;
  fill(
    chooser,
    names.map((name) => el('option', name)),
  );
  chooser.value = chosen !== null && names.includes(chosen) ? chosen : collection;
}

/** Adds the photo. @returns what was done, as text @throws Problem */
async function teach(photo: File, label: string, collection: string): Promise<string> {
  const { results } = await addPhotos(collection, [{ file: photo, label, source: photo.name }]);
  const [result] = results;
  if (result?.status === 'failed') {
    const { code, detail, hint } = result.error;
    throw new Problem(code, 0, detail, { title: detail, hint });
  }
  lastingMemory.write(TAUGHT, collection);
  const describe = result?.status === 'exists' ? texts.teach.exists : texts.teach.done;
  return describe(formatLabel(label), collection);
}

/**
 * @param label the label to suggest
 * @param close called when it is cancelled
 */
export function teachingForm(
  entry: Entry,
  { candidates, neighbours }: Identification,
  label: string | null,
  close: () => void,
): HTMLFormElement {
  const options = el('datalist', { id: 'teach-labels' });
  const seen = [...candidates, ...neighbours].flatMap((each) => each.label ?? []);
  let known = seen;
  const loadLabels = async () => {
    const labels = await listLabels(chooser.value);
    known = [...new Set([...labels.flatMap((each) => each.label ?? []), ...seen])];
    fill(
      options,
      known.map((each) => el('option', { value: formatPlainLabel(each) })),
    );
  };
  const chooser = el(
    'select',
    {
      id: 'teach-collection',
      onchange: () => {
        chooser.dataset.isChosen = '';
        void attempt(loadLabels);
      },
    },
    el('option', entry.collection),
  );
  const field = el('input', {
    id: 'teach-label',
    list: 'teach-labels',
    required: true,
    maxlength: 200,
    dir: 'auto',
    value: label === null ? '' : formatPlainLabel(label),
  });
  void attempt(() => fillChooser(chooser, entry.collection).then(loadLabels));
  const submit = async () => {
    const message = await teach(entry.photo, findSpelling(field.value, known), chooser.value);
    const status = el('p', { role: 'status', tabindex: -1 }, message);
    teaching.replaceWith(status);
    status.focus();
  };
  const fields = [
    el('label', { for: 'teach-label' }, texts.teach.label),
    field,
    options,
    el('label', { for: 'teach-collection' }, texts.teach.collection),
    chooser,
  ];
  const actions = [submitButton(texts.teach.add), button(texts.cancel, 'plain', close)];
  const teaching = form('form.teaching', submit, fields, actions);
  teaching.addEventListener('keydown', ({ key }) => key === 'Escape' && close());
  return teaching;
}
