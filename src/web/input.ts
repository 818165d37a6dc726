/** The ways photos get onto the page: chosen, taken, dropped (folders, too) or pasted. */
import { webAddress } from './format.js';
import { listEntries } from './manage/photo-entries.js';
import { pickPhotos } from './photo.js';

/** What a person gave: photos, none where there was something else in it. */
export type Take = (photos: File[]) => void;

/** Calls `take` for what a file field is given. The same file can be chosen twice in a row. */
export function fromField(field: HTMLInputElement, take: Take): void {
  field.addEventListener('change', () => {
    const photos = pickPhotos(field.files ?? []);
    field.value = '';
    if (photos.length > 0) {
      take(photos);
    }
  });
}

/** What was dropped; of folders all photos that can be read. */
async function dropped(transfer: DataTransfer | null): Promise<File[]> {
  // Both are gone as soon as the event is over.
  const entries = [...(transfer?.items ?? [])].flatMap((item) => item.webkitGetAsEntry() ?? []);
  const files = [...(transfer?.files ?? [])];
  if (!entries.some((entry) => entry.isDirectory)) {
    return files;
  }
  const { photos } = await listEntries(entries);
  const found = await Promise.allSettled(photos.map(({ read }) => read()));
  return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}

/** Calls `take` for what is dropped anywhere on the page; `html[data-dragging]` is set meanwhile. */
export function fromDrop(take: Take): void {
  // dragenter of a child comes before dragleave of its parent: only a count tells when the page is left.
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
  addEventListener('drop', async (event) => {
    show(0);
    // A page of a collection has taken it already.
    if (event.defaultPrevented) {
      return;
    }
    event.preventDefault();
    take(pickPhotos(await dropped(event.dataTransfer)));
  });
}

/** Calls `take` for what is pasted, `takeLink` for an address on the web, but for text that goes into a field. */
export function fromPaste(take: Take, takeLink: (link: string) => void): void {
  addEventListener('paste', (event) => {
    const photos = pickPhotos(event.clipboardData?.files ?? []);
    if (photos.length > 0) {
      event.preventDefault();
      take(photos);
    } else if (!(event.target instanceof HTMLInputElement)) {
      const text = event.clipboardData?.getData('text/plain').trim() ?? '';
      return webAddress(text) === null ? take(photos) : takeLink(text);
    }
  });
}
