/** The ways photos get onto the page: chosen, taken, dropped (folders, too) or pasted. */
import { webAddress } from './format.js';
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

const isFile = (entry: FileSystemEntry): entry is FileSystemFileEntry => entry.isFile;

/** A directory lists itself in parts. */
async function listEntries(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) {
      return all;
    }
    all.push(...some);
  }
}

/** The files of what was dropped; a folder with all that lies in it, in order of names, but for what is hidden. */
async function listFiles(entry: FileSystemEntry): Promise<File[]> {
  if (isFile(entry)) {
    return [await new Promise<File>((resolve, reject) => entry.file(resolve, reject))];
  }
  const entries = await listEntries(entry as FileSystemDirectoryEntry);
  const shown = entries.filter(({ name }) => !/^[.@_#$]/.test(name));
  shown.sort((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }));
  const files: File[] = [];
  for (const each of shown) {
    files.push(...(await listFiles(each)));
  }
  return files;
}

async function dropped(transfer: DataTransfer | null): Promise<File[]> {
  // Both are gone as soon as the event is over.
  const entries = [...(transfer?.items ?? [])].map((item) => item.webkitGetAsEntry());
  const files = [...(transfer?.files ?? [])];
  if (!entries.some((entry) => entry?.isDirectory)) {
    return files;
  }
  const found = entries.flatMap((entry) => (entry === null ? [] : [listFiles(entry)]));
  return (await Promise.all(found)).flat();
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
