/**
 * Keeps the focus close by when the focused element is removed or hidden. Otherwise, the keyboard would start again at the
 * top of the page, and a screen reader would fall silent.
 */
const FOCUSABLE = 'a[href], button:enabled, input:enabled, select, textarea, summary, [tabindex]';

const isShown = (node: Element) => node.isConnected && node.checkVisibility();

/** Finds the new focus after an element is gone: the first focusable element in what remains around it. */
function findStop(around: readonly Element[]): HTMLElement | undefined {
  for (const place of around.filter(isShown)) {
    const stop = [...place.querySelectorAll<HTMLElement>(FOCUSABLE)].find(isShown);
    if (stop !== undefined) {
      return stop;
    }
  }
  return undefined;
}

/** Asks for the styles, which takes long on a page of ten thousand photos, only where they may have changed. */
function isGone(node: Element, records: readonly MutationRecord[]): boolean {
  const mayHide = records.some(({ attributeName }) => attributeName !== null && attributeName !== 'hidden');
  return !node.isConnected || node.closest('[hidden]') !== null || (mayHide && !node.checkVisibility());
}

export function keepFocus(): void {
  /** The element focused last, followed by its ancestors. */
  let trail: Element[] = [];
  addEventListener('focusin', ({ target }) => {
    trail = [];
    for (let node = target as Element | null; node !== null; node = node.parentElement) {
      trail.push(node);
    }
  });
  new MutationObserver((records) => {
    const [last, ...around] = trail;
    const { activeElement, body } = document;
    if (last !== undefined && (activeElement === body || activeElement === last) && isGone(last, records)) {
      trail = [];
      findStop(around)?.focus({ preventScroll: true });
    }
  }).observe(document.body, {
    subtree: true,
    childList: true,
    attributes: true,
    attributeFilter: ['hidden', 'data-state', 'open'],
  });
}
