/** The ways to give the page photos: dropped (folders, too) or pasted. */
import { parseWebAddress } from './format.js';
import { attempt, showHint } from './hint.js';
import { pickPhotos } from './photo.js';
import { fetchPart } from './problem.js';
import { texts } from './texts/texts.js';

/** What the user gave: photos, empty if it was something else. */
export type Take = (photos: File[]) => void;

/** What the user gave instead: the URL of a photo. */
export type TakeLink = (link: string) => void;

/** The dropped files, with all readable photos of dropped folders. @throws Problem */
async function readDropped(transfer: DataTransfer | null): Promise<File[]> {
  // Both are emptied when the event is over.
  const entries = [...(transfer?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const loose = [...(transfer?.files ?? [])];
  if (!entries.some((entry) => entry.isDirectory)) {
    return loose;
  }
  const { listEntries } = await fetchPart(() => import('./manage/photo-entries.js'));
  const { photos, unreadable } = await listEntries(entries);
  const results = await Promise.allSettled(photos.map(({ read }) => read()));
  const files = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
  const missing = photos.length - files.length + unreadable;
  if (missing > 0) {
    showHint(texts.ask.unreadable(missing));
  }
  return files;
}

/**
 * Calls `take` with what is dropped anywhere on the page, or `takeLink` with the URL of a picture from another page;
 * `html[data-dragging]` is set during the drag.
 */
export function takeFromDrop(take: Take, takeLink: TakeLink): void {
  // dragenter of a child comes before dragleave of its parent, so only a count tells when the drag leaves the page.
  let depth = 0;
  const show = (delta: number) => {
    depth = delta === 0 ? 0 : Math.max(0, depth + delta);
    document.documentElement.toggleAttribute('data-dragging', depth > 0);
  };
  addEventListener('dragenter', (event) => {
    event.preventDefault();
    show(1);
  });
  addEventListener('dragover', (event) => event.preventDefault());
  addEventListener('dragleave', () => show(-1));
  addEventListener('drop', (event) => {
    show(0);
    // A collection's page has already taken it.
    if (event.defaultPrevented) {
      return;
    }
    event.preventDefault();
    const link = event.dataTransfer?.getData('text/uri-list').split(/[\r\n]/, 1)[0] ?? '';
    void attempt(async () => {
      const photos = pickPhotos(await readDropped(event.dataTransfer));
      return photos.length === 0 && parseWebAddress(link) !== null ? takeLink(link) : take(photos);
    });
  });
}

/** Calls `take` with pasted files and `takeLink` with a pasted URL, but not when the paste goes into a field. */
export function takeFromPaste(take: Take, takeLink: TakeLink): void {
  addEventListener('paste', (event) => {
    const photos = pickPhotos(event.clipboardData?.files ?? []);
    if (photos.length > 0) {
      event.preventDefault();
      take(photos);
    } else if (!(event.target instanceof HTMLInputElement)) {
      const text = event.clipboardData?.getData('text/plain').trim() ?? '';
      return parseWebAddress(text) === null ? take(photos) : takeLink(text);
    }
  });
}
