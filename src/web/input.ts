/** The ways a photo gets onto the page: chosen, taken, dropped or pasted. */
import { pickPhoto } from './photo.js';

/** What a person gave: one photo, or something that holds none. */
export type Given = { photo: File; others: number } | { photo: null };

function given(files: FileList | null | undefined): Given {
  const photo = pickPhoto(files ?? []);
  return photo === null ? { photo: null } : { photo, others: files!.length - 1 };
}

/** Calls `take` for each photo that a file field is given. The same file can be chosen twice in a row. */
export function fromField(field: HTMLInputElement, take: (what: Given) => void): void {
  field.addEventListener('change', () => {
    const what = given(field.files);
    field.value = '';
    if (what.photo) {
      take(what);
    }
  });
}

/** Calls `take` for what is dropped anywhere on the page; `html[data-dragging]` is set meanwhile. */
export function fromDrop(take: (what: Given) => void): void {
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
  addEventListener('drop', (event) => {
    event.preventDefault();
    show(0);
    take(given(event.dataTransfer?.files));
  });
}

/** Calls `take` for what is pasted, but for text that goes into a field. */
export function fromPaste(take: (what: Given) => void): void {
  addEventListener('paste', (event) => {
    const what = given(event.clipboardData?.files);
    if (what.photo) {
      event.preventDefault();
      take(what);
    } else if (!(event.target instanceof HTMLInputElement)) {
      take(what);
    }
  });
}
