/** Helpers that build the page's elements. Text is always set as text, never parsed as HTML. */

/** An attribute; a function listens to an event: `onclick`. */
type Value = string | number | boolean | null | undefined;
type Listeners = {
  [E in keyof HTMLElementEventMap as `on${E}`]?: (event: HTMLElementEventMap[E]) => void;
};
type Attributes = { [name: string]: Value | ((event: never) => void) } & Listeners;

/** A node or text; nothing for null and false; the elements of an array. */
export type Child = Node | string | null | undefined | false | readonly Child[];

type Tag = keyof HTMLElementTagNameMap;
type TagOf<S> = S extends `${infer T extends Tag}.${string}` ? T : S extends Tag ? S : never;

const isNode = (child: Child): child is Node | string => typeof child === 'string' || child instanceof Node;
const listNodes = (children: readonly Child[]) => (children.flat(9) as Child[]).filter(isNode);

/**
 * An element with classes, attributes and children. `true` sets an empty attribute; `false` leaves it out. `--name` is a
 * CSS variable. A `button` submits no form unless its type says so. The server's content security policy forbids the attribute `style`.
 *
 * @param selector a tag with classes: `p.small.error`
 * @example
 * el('li', el('button.chip', { onclick: remove }, name))
 */
export function el<S extends Tag | `${Tag}.${string}`>(
  selector: S,
  ...parts: [Attributes, ...Child[]] | Child[]
): HTMLElementTagNameMap[TagOf<S>] {
  const [tag, ...classes] = selector.split('.');
  const [first, ...rest] = parts;
  const isPlain =
    typeof first === 'object' && first !== null && !(first instanceof Node) && !Array.isArray(first);
  const node = document.createElement(tag as TagOf<S>);
  node.classList.add(...classes);
  if (tag === 'button') {
    node.setAttribute('type', 'button');
  }
  for (const [name, value] of Object.entries(isPlain ? (first as Attributes) : {})) {
    if (typeof value === 'function') {
      node.addEventListener(name.slice(2), value as EventListener);
    } else if (name === 'class') {
      node.className += ` ${value}`;
    } else if (name.startsWith('--')) {
      node.style.setProperty(name, String(value));
    } else if (value !== false && value != null) {
      node.setAttribute(name, value === true ? '' : String(value));
    }
  }
  node.append(...listNodes((isPlain ? rest : parts) as Child[]));
  return node;
}

/** Replaces what a node contains. */
export function fill(node: Element, ...children: Child[]): void {
  node.replaceChildren(...listNodes(children));
}

/** How a button looks; one that `writes` is hidden if the server is read-only. */
type Kind = 'primary' | 'plain' | 'plain.writes' | 'primary.writes';

export function button(text: string, kind: Kind, onClick: () => void): HTMLButtonElement {
  return el(`button.button.${kind}`, { onclick: onClick }, text);
}

export const writeInto = (node: Element) => (message: string) => {
  node.textContent = message;
};

/** A line that says what went wrong, now or later. */
export const errorAlert = (message = '') => el('p.error', { role: 'alert' }, message);

/** Calls `take` with the files of a file field. The same file can be chosen twice in a row. */
export function takeFromField(field: HTMLInputElement, take: (files: File[]) => unknown): void {
  field.addEventListener('change', () => {
    const files = [...(field.files ?? [])];
    field.value = '';
    if (files.length > 0) {
      void take(files);
    }
  });
}

/** A button that opens the browser's chooser of files, and its field. */
export function fileButton(
  text: string,
  kind: Kind,
  attributes: Attributes,
  take: (files: File[]) => unknown,
): Child[] {
  const field = el('input', { type: 'file', hidden: true, 'aria-label': text, ...attributes });
  takeFromField(field, take);
  return [button(text, kind, () => field.click()), field];
}

export function saveFile(file: Blob, name: string): void {
  const link = el('a', { href: URL.createObjectURL(file), download: name });
  link.click();
  // The browser must have started reading it.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Opens a dialog, and removes it when it closes. */
export function openDialog(attributes: Attributes, ...content: Child[]): HTMLDialogElement {
  const dialog = el('dialog.dialog.surface', attributes, ...content);
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

/** A bar as long as a share, 0..1. The text beside it says the same. */
export const shareBar = (share: number) =>
  el('span.bar', { 'aria-hidden': 'true', '--share': `${Math.max(0, share) * 100}%` });

/** Removes a row of a list, whose focus goes to the next or else to the previous one. */
export function removeRow(row: Element): void {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  next?.querySelector('button')?.focus();
}

/** Text whose `backticked` parts become code elements, as in the server's hints. */
export function withCode(text: string): (Node | string)[] {
  return text.split('`').map((part, i) => (i % 2 === 1 ? el('code', part) : part));
}
