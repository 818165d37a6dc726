/** Ways to use the page without a mouse: a finger on a dark phone, and the keyboard alone. */
import type { BrowserContextOptions, Locator, Page } from 'playwright-core';

export interface Hand {
  options: BrowserContextOptions;
  /** Presses a button, link, box or summary. */
  press: (target: Locator) => Promise<void>;
  /** Moves something that can be dragged by a share of the photo to the right. */
  move: (target: Locator, pixels: number) => Promise<void>;
}

/** Tab stops that no page here exceeds. */
const MAX_STOPS = 200;

/** Moves the focus with Tab, in the direction in which the target is. */
async function tabTo(target: Locator): Promise<void> {
  await target.waitFor();
  const page = target.page();
  for (let stops = 0; stops < MAX_STOPS; stops++) {
    const way = await target.evaluate((node) => {
      const at = document.activeElement ?? document.body;
      const isBehind = node.compareDocumentPosition(at) & Node.DOCUMENT_POSITION_FOLLOWING;
      return at === node ? null : isBehind ? 'Shift+Tab' : 'Tab';
    });
    if (way === null) {
      return;
    }
    await page.keyboard.press(way);
  }
  throw new Error(`${target} cannot be reached with Tab.`);
}

async function touchMove(target: Locator, pixels: number): Promise<void> {
  await target.scrollIntoViewIfNeeded();
  const box = (await target.boundingBox())!;
  const session = await target.page().context().newCDPSession(target.page());
  const touch = (type: 'touchStart' | 'touchMove', dx: number) =>
    session.send('Input.dispatchTouchEvent', {
      type,
      touchPoints: [{ x: box.x + box.width / 2 + dx, y: box.y + box.height / 2 }],
    });
  await touch('touchStart', 0);
  await touch('touchMove', pixels / 2);
  await touch('touchMove', pixels);
  await session.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
}

export const HANDS: Record<'touch' | 'keyboard', Hand> = {
  touch: {
    options: {
      viewport: { width: 390, height: 844 },
      hasTouch: true,
      isMobile: true,
      colorScheme: 'dark',
    },
    press: (target) => target.tap(),
    move: touchMove,
  },
  keyboard: {
    options: {},
    async press(target) {
      await tabTo(target);
      const isBox = await target.evaluate((node) => node instanceof HTMLInputElement);
      await target.page().keyboard.press(isBox ? 'Space' : 'Enter');
    },
    async move(target, pixels) {
      await tabTo(target);
      await target.page().keyboard.press(pixels < 0 ? 'ArrowLeft' : 'ArrowRight');
    },
  },
};

/** Presses what opens a chooser of files, and chooses some. */
export async function chooseFiles(hand: Hand, target: Locator, ...files: string[]): Promise<void> {
  const page: Page = target.page();
  const chooser = page.waitForEvent('filechooser');
  await hand.press(target);
  await (await chooser).setFiles(files);
}
