/** A form that adds the photo of an answer, with a label, to a collection. */
import type { Identification } from '../../engine/engine.js';
import { listCollections, listLabels } from '../api.js';
import { button, el } from '../dom.js';
import { humanise, labelWords } from '../format.js';
import { addPhotos } from '../manage/manage-calls.js';
import { Problem } from '../problem.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';

/** Key under which the page remembers the collection that was taught last. */
const TAUGHT = 'pawdex.taught';

/** The label to store for the user's input; an existing label keeps its spelling. */
function labelFor(written: string, known: string[]): string {
  const words = written.trim();
  return known.find((label) => label === words || labelWords(label) === labelWords(words)) ?? words;
}

function createFields(collection: string, label: string | null) {
  const chooser = el('select', { id: 'teach-collection' }, el('option', {}, collection));
  const field = el('input', {
    id: 'teach-label',
    list: 'teach-labels',
    required: true,
    maxlength: 200,
    dir: 'auto',
  });
  field.value = label === null ? '' : labelWords(label);
  const options = el('datalist', { id: 'teach-labels' });
  const trouble = el('p', { class: 'trouble', role: 'alert' });
  return { chooser, field, options, trouble };
}

/** Lists the collections, and selects the one that was taught last, or that of the answer. */
async function fillChooser(chooser: HTMLSelectElement, collection: string): Promise<void> {
  const names = (await listCollections()).map(({ name }) => name);
  chooser.replaceChildren(...names.map((name) => el('option', { value: name }, name)));
  const last = localStorage.getItem(TAUGHT);
  chooser.value = last !== null && names.includes(last) ? last : collection;
}

/** Adds the photo. @returns what to say about it @throws Problem */
async function teach(photo: File, label: string, collection: string) {
  const { results } = await addPhotos(collection, [{ file: photo, label, source: photo.name }]);
  const [result] = results;
  if (result?.status === 'failed') {
    return { added: false, words: `${result.error.detail} ${result.error.hint}` };
  }
  localStorage.setItem(TAUGHT, collection);
  const words = result?.status === 'exists' ? texts.teach.exists : texts.teach.done;
  return { added: true, words: words(humanise(label), collection) };
}

/**
 * The form.
 *
 * @param label the label to suggest
 * @param close called when it is cancelled
 */
export function teachingForm(
  entry: Entry,
  { candidates, neighbours }: Identification,
  label: string | null,
  close: () => void,
): HTMLFormElement {
  const { chooser, field, options, trouble } = createFields(entry.collection, label);
  const seen = [...candidates, ...neighbours].flatMap((each) => each.label ?? []);
  let known = seen;
  const loadLabels = async () => {
    const labels = await listLabels(chooser.value);
    known = [...new Set([...labels.flatMap((each) => each.label ?? []), ...seen])];
    options.replaceChildren(...known.map((each) => el('option', { value: labelWords(each) })));
  };
  const say = (error: unknown) => {
    if (!(error instanceof Problem)) {
      throw error;
    }
    trouble.textContent = `${error.title} ${error.hint ?? ''}`;
  };
  chooser.addEventListener('change', () => void loadLabels().catch(say));
  void fillChooser(chooser, entry.collection).then(loadLabels).catch(say);
  const add = el('button', { type: 'submit', class: 'button primary' }, texts.teach.add);
  const form = el(
    'form',
    { class: 'teaching' },
    el('label', { for: 'teach-label' }, texts.teach.label),
    field,
    options,
    el('label', { for: 'teach-collection' }, texts.teach.collection),
    chooser,
    trouble,
    el('p', { class: 'actions' }, add, button(texts.cancel, 'plain', close)),
  );
  form.addEventListener('keydown', ({ key }) => key === 'Escape' && close());
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const label = labelFor(field.value, known);
      const { added, words } = await teach(entry.photo, label, chooser.value);
      if (!added) {
        trouble.textContent = words;
        return;
      }
      const said = el('p', { role: 'status', tabindex: -1 }, words);
      form.replaceWith(said);
      said.focus();
    } catch (error) {
      say(error);
    }
  });
  return form;
}
