/** Actions for an answer: save it as a picture, share it, and tell a collection whether it is right. */
import type { Identification } from '../../engine/engine.js';
import { server, shareAnswer } from '../api.js';
import { button, el, errorAlert, fill } from '../dom.js';
import { formatDateTime } from '../format.js';
import { attempt } from '../hint.js';
import { createSmallerCopy } from '../photo.js';
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
  const copy = await createSmallerCopy(picture, entry.photo.name, SHARED_SIDE);
  const { id, expires } = await shareAnswer(copy, entry.collection, answer);
  const link = new URL(`./?shared=${id}`, location.origin + location.pathname).href;
  const onfocus = () => field.select();
  const field = el('input', { readonly: true, 'aria-label': texts.share.link, value: link, onfocus });
  return el('div.teaching', field, el('p', { role: 'status' }, texts.share.made(formatDateTime(expires))));
}

function shareButton(
  entry: Entry,
  answer: Identification,
  picture: () => HTMLImageElement | null,
  place: HTMLElement,
  showMessage: (message: string) => void,
): HTMLButtonElement {
  return button(texts.share.button, 'plain', async () => {
    const shown = picture();
    if (shown === null) {
      return showMessage(texts.ask.cannotShow);
    }
    await attempt(async () => {
      fill(place, await sharedLink(entry, answer, shown));
      place.querySelector('input')?.focus();
    }, showMessage);
  });
}

/** @param picture of the photo; null where this browser cannot show it */
export function answerActions(
  entry: Entry,
  answer: Identification,
  picture: () => HTMLImageElement | null,
): HTMLElement {
  const place = el('div');
  const showMessage = (message: string) => fill(place, errorAlert(message));
  const teach = (text: string, label: string | null) => {
    const opener = button(text, 'plain.writes', () => {
      const form = teachingForm(entry, answer, label, () => {
        fill(place);
        opener.focus();
      });
      fill(place, form);
      form.querySelector<HTMLElement>(label === null ? 'input' : 'select')?.focus();
    });
    return opener;
  };
  // Of two breeds in the running neither is right or wrong.
  const isNamed = answer.decision === 'match';
  const save = () => void attempt(() => saveAnswerPicture(answer, picture(), entry.photo.name), showMessage);
  return el(
    'div.answer-actions',
    el(
      'p.actions.compact',
      isNamed && teach(texts.teach.right, answer.breed),
      teach(isNamed ? texts.teach.wrong : texts.teach.itIs, null),
      button(texts.savePicture, 'plain', save),
      server?.sharesAnswers && shareButton(entry, answer, picture, place, showMessage),
    ),
    place,
  );
}
