/** What a person can do with an answer: keep it as a picture, and tell a collection whether it is right. */
import type { Identification } from '../../engine/engine.js';
import { listCollections, listLabels, shareAnswer } from '../api.js';
import { button, el } from '../dom.js';
import { dateTime, humanise, labelWords } from '../format.js';
import { addPhotos } from '../manage/manage-calls.js';
import { smallerCopy } from '../photo.js';
import { Problem } from '../problem.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';
import { saveAnswerPicture } from './answer-picture.js';

/** Where the page remembers which collection was taught last. */
const TAUGHT = 'pawdex.taught';

/** Long side of the photo of a shared answer, in pixels. */
const SHARED_SIDE = 640;

/** The label as it is stored for the words that a person wrote: one that is known keeps its own form. */
function labelFor(written: string, known: string[]): string {
  const words = written.trim();
  return known.find((label) => label === words || labelWords(label) === labelWords(words)) ?? words;
}

/** A form that adds the photo with a label to a collection. */
function teachingForm(
  entry: Entry,
  { candidates, neighbours }: Identification,
  label: string | null,
  close: () => void,
): HTMLFormElement {
  const chooser = el('select', { id: 'teach-collection' }, el('option', {}, entry.collection));
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
  const load = async () => {
    const names = (await listCollections()).map(({ name }) => name);
    chooser.replaceChildren(...names.map((name) => el('option', { value: name }, name)));
    const last = localStorage.getItem(TAUGHT);
    chooser.value = last !== null && names.includes(last) ? last : entry.collection;
    await loadLabels();
  };
  chooser.addEventListener('change', () => void loadLabels().catch(say));
  void load().catch(say);
  const form = el(
    'form',
    { class: 'teaching' },
    el('label', { for: 'teach-label' }, texts.teach.label),
    field,
    options,
    el('label', { for: 'teach-collection' }, texts.teach.collection),
    chooser,
    trouble,
    el(
      'p',
      { class: 'actions' },
      el('button', { type: 'submit', class: 'button primary' }, texts.teach.add),
      button(texts.cancel, 'plain', close),
    ),
  );
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      const chosen = labelFor(field.value, known);
      const { results } = await addPhotos(chooser.value, [
        { file: entry.photo, label: chosen, source: entry.photo.name },
      ]);
      const [result] = results;
      if (result?.status === 'failed') {
        trouble.textContent = `${result.error.detail} ${result.error.hint}`;
        return;
      }
      localStorage.setItem(TAUGHT, chooser.value);
      const words = result?.status === 'exists' ? texts.teach.exists : texts.teach.done;
      const said = el('p', { role: 'status', tabindex: -1 }, words(humanise(chosen), chooser.value));
      form.replaceWith(said);
      said.focus();
    } catch (error) {
      say(error);
    }
  });
  return form;
}

/** The link to a shared answer, and until when it can be opened. */
async function sharedLink(
  entry: Entry,
  answer: Identification,
  picture: HTMLImageElement,
): Promise<HTMLElement> {
  const copy = await smallerCopy(picture, entry.photo.name, SHARED_SIDE);
  const { id, expires } = await shareAnswer(copy, entry.collection, answer);
  const link = new URL(`./?shared=${id}`, location.origin + location.pathname).href;
  const field = el('input', { readonly: true, 'aria-label': texts.share.link, value: link });
  field.addEventListener('focus', () => field.select());
  return el(
    'div',
    { class: 'teaching' },
    field,
    el('p', { role: 'status' }, texts.share.made(dateTime(expires))),
  );
}

function shareButton(
  entry: Entry,
  answer: Identification,
  picture: () => HTMLImageElement | null,
  place: HTMLElement,
): HTMLButtonElement {
  return button(texts.share.button, 'plain', async () => {
    const shown = picture();
    if (shown === null) {
      place.replaceChildren(el('p', { class: 'trouble', role: 'alert' }, texts.ask.cannotShow));
      return;
    }
    try {
      place.replaceChildren(await sharedLink(entry, answer, shown));
      place.querySelector('input')?.focus();
    } catch (error) {
      if (!(error instanceof Problem)) {
        throw error;
      }
      place.replaceChildren(
        el('p', { class: 'trouble', role: 'alert' }, `${error.title} ${error.hint ?? ''}`),
      );
    }
  });
}

/**
 * @param picture of the photo; null where this browser cannot show it
 * @param canShare whether the server keeps answers to share
 */
export function answerActions(
  entry: Entry,
  answer: Identification,
  picture: () => HTMLImageElement | null,
  canShare: boolean,
): HTMLElement {
  const place = el('div', {});
  const open = (label: string | null) => {
    const form = teachingForm(entry, answer, label, () => {
      place.replaceChildren();
      opener.focus();
    });
    place.replaceChildren(form);
    form.querySelector<HTMLElement>(label === null ? 'input' : 'select')?.focus();
  };
  const right = button(texts.teach.right, 'plain', () => {
    opener = right;
    open(answer.breed);
  });
  // Of two breeds in the running neither is right or wrong.
  const isNamed = answer.decision === 'match';
  const wrong = button(isNamed ? texts.teach.wrong : texts.teach.itIs, 'plain', () => {
    opener = wrong;
    open(null);
  });
  let opener = wrong;
  const save = button(
    texts.save.button,
    'plain',
    () => void saveAnswerPicture(answer, picture(), entry.photo.name),
  );
  return el(
    'div',
    { class: 'answer-actions' },
    el(
      'p',
      { class: 'actions' },
      ...(isNamed ? [right] : []),
      wrong,
      save,
      ...(canShare ? [shareButton(entry, answer, picture, place)] : []),
    ),
    place,
  );
}
