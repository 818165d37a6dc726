/**
 * Keeps the focus near where it was when what had it is taken away or hidden: else the keyboard would start again at the top
 * of the page, and a screen reader fall silent.
 */
const FOCUSABLE = 'a[href], button:enabled, input:enabled, select, textarea, summary, [tabindex]';

const isShown = (node: Element) => node.isConnected && node.checkVisibility();

/** Where the focus goes from an element that is gone: to the first stop in what is left around it. */
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
  /** What was focused last, with all that it lies in, innermost first. */
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
