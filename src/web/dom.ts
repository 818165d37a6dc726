/** Helpers that build the page's elements. Text is always set as text, never parsed as HTML. */

type Attributes = Record<string, string | number | boolean>;

/**
 * An element with attributes and children. `true` sets an empty attribute, `false` leaves it out. There is no
 * `style` attribute on purpose: the server's content security policy forbids it; use {@link cssVariable}.
 */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false) {
      node.setAttribute(name, value === true ? '' : String(value));
    }
  }
  node.append(...children);
  return node;
}

/** A button that does something on click. */
export function button(text: string, kind: 'primary' | 'plain', onClick: () => void): HTMLButtonElement {
  const node = el('button', { type: 'button', class: `button ${kind}` }, text);
  node.addEventListener('click', onClick);
  return node;
}

/** Downloads a file. */
export function saveFile(file: Blob, name: string): void {
  const link = el('a', { href: URL.createObjectURL(file), download: name });
  link.click();
  // The browser must have started reading it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Opens a dialog, and removes it when it closes. */
export function openDialog(attributes: Attributes, ...content: (Node | string)[]): HTMLDialogElement {
  const dialog = el('dialog', attributes, ...content);
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** The element of index.html with this id, which must be of the given class. */
export function byId<T extends Element>(id: string, type: new () => T): T {
  const node = document.getElementById(id);
  if (!(node instanceof type)) {
    throw new Error(`index.html has no ${type.name} with the id ${id}`);
  }
  return node;
}

/** An SVG element with attributes and children. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, string | number> = {},
  ...children: Node[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/** One of the `<symbol>` drawings in index.html. */
export function icon(name: string): SVGSVGElement {
  return svg('svg', { 'aria-hidden': 'true', class: 'icon' }, svg('use', { href: `#icon-${name}` }));
}

/** Sets a CSS custom property through the DOM, which the content security policy allows. */
export function cssVariable<T extends HTMLElement>(node: T, name: `--${string}`, value: string): T {
  node.style.setProperty(name, value);
  return node;
}

/** Text whose `backticked` parts become code elements, as in the server's hints. */
export function withCode(text: string): (Node | string)[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? el('code', {}, part) : part));
}
