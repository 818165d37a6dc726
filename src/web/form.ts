/** Forms and their buttons. */
import { type Child, el, errorAlert, writeInto } from './dom.js';
import { attempt } from './hint.js';

/** A form that stays, and says what prevents it, if `submit` throws a problem. */
export function form(
  selector: 'form' | `form.${string}`,
  submit: () => unknown,
  fields: Child,
  actions: Child,
): HTMLFormElement {
  const error = errorAlert();
  const onsubmit = (event: Event) => {
    event.preventDefault();
    error.textContent = '';
    void attempt(submit, writeInto(error));
  };
  return el(selector, { onsubmit }, fields, error, el('p.actions', actions));
}

export const submitButton = (text: string, kind: 'primary' | 'danger' = 'primary') =>
  el(`button.button.${kind}`, { type: 'submit' }, text);
