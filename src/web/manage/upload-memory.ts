/**
 * Remembers in the browser which folder was being added to a collection, so that the upload can continue after a reload.
 * Some browsers let a page keep the folder itself. Otherwise, its name is kept, and the user chooses the folder again.
 */
import type { FolderHandle } from './photo-entries.js';
import type { Rule } from './plan-labels.js';

export interface Unfinished {
  collection: string;
  name: string;
  kind: 'folder' | 'zip';
  /** The folder, where the browser lets the page keep it. */
  handle: FolderHandle | null;
  rule: Rule;
  done: number;
  total: number;
}

const STORE = 'uploads';

const awaitRequest = <T>(request: IDBRequest<T>) =>
  new Promise<T>((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open('pawdex', 1);
  request.addEventListener('upgradeneeded', () =>
    request.result.createObjectStore(STORE, { keyPath: 'collection' }),
  );
  return awaitRequest(request);
}

/** A browser may store nothing, as in a private window; then only the memory is missing. */
async function useStore<T>(
  mode: IDBTransactionMode,
  work: (store: IDBObjectStore) => IDBRequest<T>,
): Promise<T | undefined> {
  try {
    const database = await open();
    try {
      return await awaitRequest(work(database.transaction(STORE, mode).objectStore(STORE)));
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof DOMException) {
      return undefined;
    }
    throw error;
  }
}

export async function saveUpload(unfinished: Unfinished): Promise<void> {
  await useStore('readwrite', (store) => store.put(unfinished));
}

export async function deleteUpload(collection: string): Promise<void> {
  await useStore('readwrite', (store) => store.delete(collection));
}

export async function loadUpload(collection: string): Promise<Unfinished | null> {
  return ((await useStore('readonly', (store) => store.get(collection))) as Unfinished | undefined) ?? null;
}

/** Whether the folder may be read now. It may ask the user, so call it from a click. */
export async function mayRead(handle: FolderHandle): Promise<boolean> {
  const guarded = handle as FolderHandle & {
    requestPermission?: (what: { mode: 'read' }) => Promise<PermissionState>;
  };
  const permission = await guarded.requestPermission?.({ mode: 'read' });
  return permission === undefined || permission === 'granted';
}
