import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from 'playwright-core';

/** The shipped cat photo. */
export const CHELSEA = path.resolve('test/fixtures/chelsea/chelsea.png');

/** Chooses a file with the button, like a user. */
export async function choose(page: Page, file: string): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.locator('#choose').click();
  await (await chooser).setFiles(file);
}

/** Drops or pastes files on the page; without files, text. */
export async function give(page: Page, kind: 'drop' | 'paste', ...files: string[]): Promise<void> {
  const contents = await Promise.all(
    files.map(async (file) => ({
      name: path.basename(file),
      base64: (await readFile(file)).toString('base64'),
    })),
  );
  await page.evaluate(
    ({ kind, contents }) => {
      const transfer = new DataTransfer();
      if (contents.length === 0) {
        transfer.setData('text/plain', 'just words');
      }
      for (const { name, base64 } of contents) {
        const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type: 'image/png' }));
      }
      const options = { bubbles: true, cancelable: true };
      document.body.dispatchEvent(
        kind === 'drop'
          ? new DragEvent('drop', { dataTransfer: transfer, ...options })
          : new ClipboardEvent('paste', { clipboardData: transfer, ...options }),
      );
    },
    { kind, contents },
  );
}

/** Drops files and folders of this machine on the page, like a user. */
export async function dropPaths(page: Page, ...files: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: 200, y: 200, data });
  }
}

/** By how many pixels the page is wider than the window, so that it scrolls sideways. */
export const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => Math.max(0, document.documentElement.scrollWidth - window.innerWidth));

/** Waits until the page is in this state, and returns its headline. */
export async function reaches(page: Page, state: 'answer' | 'problem' | 'working'): Promise<string> {
  await page.locator(`main[data-state=${state}]`).waitFor();
  return (await page.locator('#answer h2').textContent()) ?? '';
}
