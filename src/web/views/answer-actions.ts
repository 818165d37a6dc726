/** Actions for an answer: save it as a picture, share it, and tell a collection whether it is right. */
import type { Identification } from '../../engine/engine.js';
import { shareAnswer } from '../api.js';
import { button, el } from '../dom.js';
import { dateTime } from '../format.js';
import { smallerCopy } from '../photo.js';
import { Problem } from '../problem.js';
import type { Entry } from '../session.js';
import { texts } from '../texts/texts.js';
import { saveAnswerPicture } from './answer-picture.js';
import { teachingForm } from './teaching-form.js';

/** Long side of the photo of a shared answer, in pixels. */
const SHARED_SIDE = 640;

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
