/** The keyboard in a grid: a single tab stop, from which arrow keys move over the items as they are laid out. */
export class GridFocus {
  readonly #listShown: () => HTMLInputElement[];
  /** The box that Tab stops at. */
  #stop: HTMLInputElement | null = null;

  /** @param listShown the boxes of the items, in their order */
  constructor(list: HTMLElement, listShown: () => HTMLInputElement[]) {
    this.#listShown = listShown;
    list.addEventListener('focusin', ({ target }) => {
      if (target instanceof HTMLInputElement) {
        this.#stop?.setAttribute('tabindex', '-1');
        this.#stop = target;
        target.tabIndex = 0;
      }
    });
  }

  /** Adds the box of an item; the first one is the tab stop. */
  add(box: HTMLInputElement): void {
    box.tabIndex = this.#stop === null ? 0 : -1;
    this.#stop ??= box;
  }

  /** Focuses the item that was focused last, or the first remaining one. */
  restore(): void {
    const shown = this.#listShown();
    (shown.find((box) => box === this.#stop) ?? shown[0])?.focus();
  }

  /** Arrow keys move by an item or a row; Home and End go to the first and last. */
  move(event: KeyboardEvent, from: HTMLInputElement): void {
    const row = from.closest('.item-grid');
    if (row === null || !/^(Arrow|Home|End)/.test(event.key)) {
      return;
    }
    event.preventDefault();
    const boxes = this.#listShown();
    const index = boxes.indexOf(from);
    const columns = getComputedStyle(row).gridTemplateColumns.split(' ').length;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      Home: -index,
      End: boxes.length - 1 - index,
    };
    const next = boxes[index + steps[event.key]!];
    next?.focus();
    next?.closest('.item')?.scrollIntoView({ block: 'nearest' });
  }
}
