/** Lists photos of a chosen or dropped folder, of loose files or of a zip, without reading them. */
import {
  findIgnoreReason,
  getExtension,
  isIgnoredPath,
  MANIFESTS,
  PHOTO_EXTENSIONS,
  WrapperFinder,
} from '../../datasets/set-names.js';
import { fetchPart, Problem } from '../problem.js';

/** A photo that can be read later. */
export interface PhotoEntry {
  /** Path below the chosen folder, with `/`. */
  path: string;
  /** Size in bytes, if it is known before reading. */
  size: number | null;
  /** @throws DOMException when it is gone or may no longer be read; Error with a sentence about the file */
  read: () => Promise<File>;
}

/** A listing of the chosen files. */
export interface Listing {
  /** Display name of the folder or file. */
  name: string;
  photos: PhotoEntry[];
  /** Number of files that are not photos, by their names. */
  others: number;
  /** Paths of files that have the name of a manifest, whose labels only `pawdex index` reads. */
  manifests: string[];
  /** Number of hidden files and folders, and of system ones such as a network drive's thumbnails. */
  hidden: number;
  /** Number of folders that could not be read. */
  unreadable: number;
}

/** Larger folders are for the command line, because listing them would exhaust the browser's memory. */
const MAX_FILES = 200_000;

/** Collects files with their paths. */
class Collector {
  readonly listing: Listing;

  constructor(name: string) {
    this.listing = { name, photos: [], others: 0, manifests: [], hidden: 0, unreadable: 0 };
  }

  /** @throws Problem too_many_files */
  add(path: string, size: number | null, read: () => Promise<File>): void {
    if (isIgnoredPath(path)) {
      this.listing.hidden++;
    } else if (!PHOTO_EXTENSIONS.has(getExtension(path))) {
      this.listing.others++;
      if (MANIFESTS.includes(path.split('/').at(-1)!)) {
        this.listing.manifests.push(path);
      }
    } else if (this.listing.photos.push({ path: path.normalize('NFC'), size, read }) > MAX_FILES) {
      throw new Problem('too_many_files', 0);
    }
  }
}

/** Lists the files of a folder field, or loose files. @throws Problem too_many_files */
export function listFiles(files: readonly File[]): Listing {
  const [top] = (files[0]?.webkitRelativePath ?? '').split('/');
  const collector = new Collector(top || (files[0]?.name ?? ''));
  for (const file of files) {
    const path = file.webkitRelativePath.split('/').slice(1).join('/') || file.name;
    collector.add(path, file.size, async () => file);
  }
  return collector.listing;
}

/** The browser's type of a folder that a page may keep. */
export type FolderHandle = FileSystemDirectoryHandle;

/** A file or folder, independent of how the browser provides it. */
interface FileNode {
  name: string;
  /** Null for a folder. */
  read: (() => Promise<File>) | null;
  list: () => Promise<FileNode[]>;
}

function wrapHandle(handle: FileSystemHandle): FileNode {
  const { name } = handle;
  const list = async () => {
    const inside: FileNode[] = [];
    for await (const each of (handle as FolderHandle).values()) {
      inside.push(wrapHandle(each));
    }
    return inside;
  };
  return {
    name,
    list,
    read: handle.kind === 'file' ? () => (handle as FileSystemFileHandle).getFile() : null,
  };
}

function wrapEntry(entry: FileSystemEntry): FileNode {
  const { name } = entry;
  const list = async () => {
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    const next = () =>
      new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    const inside: FileNode[] = [];
    // It returns a hundred at a time.
    for (let some = await next(); some.length > 0; some = await next()) {
      inside.push(...some.map(wrapEntry));
    }
    return inside;
  };
  const read = () =>
    new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
  return { name, list, read: entry.isFile ? read : null };
}

/** The problem of a folder that the browser cannot read. @throws anything else, which is a fault of the page */
function toUnreadable(error: unknown): Problem {
  if (error instanceof DOMException) {
    return new Problem('files_unreadable', 0);
  }
  throw error;
}

/** Collects the files of a folder in the order of their names. A sub-folder that cannot be read is counted and skipped. */
async function walk(folder: FileNode, path: string, collector: Collector): Promise<void> {
  const inside = await folder.list().catch((error: unknown) => {
    const problem = toUnreadable(error);
    if (path === '') {
      throw problem;
    }
    collector.listing.unreadable++;
    return [];
  });
  for (const place of inside.toSorted((a, b) => a.name.localeCompare(b.name, undefined, { numeric: true }))) {
    const here = path === '' ? place.name : `${path}/${place.name}`;
    if (place.read !== null) {
      collector.add(here, null, place.read);
    } else if (findIgnoreReason(place.name) !== null) {
      collector.listing.hidden++;
    } else {
      await walk(place, here, collector);
    }
  }
}

/** Lists a folder that the page may read. @throws Problem files_unreadable, too_many_files */
export async function listFolder(folder: FolderHandle): Promise<Listing> {
  const collector = new Collector(folder.name);
  await walk(wrapHandle(folder), '', collector);
  return collector.listing;
}

/** A dropped file or folder, with what some browsers have. */
interface KeptItem extends DataTransferItem {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}

/** The contents of a drop: loose files, or folders to list, of which the browser may let the page keep one. */
type Dropped = { files: File[] } | { handle: FolderHandle | null; list: () => Promise<Listing> };

/**
 * Takes the dropped items. Call it before any await, after which the browser has cleared them.
 *
 * @throws Problem files_unreadable
 */
export async function takeDropped(data: DataTransfer): Promise<Dropped> {
  const items = [...data.items].filter(({ kind }) => kind === 'file');
  const files = [...data.files];
  const entries = items.flatMap((item) => item.webkitGetAsEntry() ?? []);
  const [only, ...others] = items as KeptItem[];
  const handle = await (others.length === 0 ? only?.getAsFileSystemHandle?.() : null)?.catch((error) => {
    throw toUnreadable(error);
  });
  if (handle?.kind === 'directory') {
    const folder = handle as FolderHandle;
    return { handle: folder, list: () => listFolder(folder) };
  }
  return entries.some((entry) => entry.isDirectory)
    ? { handle: null, list: () => listEntries(entries) }
    : { files };
}

/**
 * Lists dropped folders and files: the contents of a single folder, or several folders as sub-folders.
 *
 * @throws Problem files_unreadable, too_many_files
 */
export async function listEntries(entries: readonly FileSystemEntry[]): Promise<Listing> {
  const collector = new Collector(entries.map(({ name }) => name).join(', '));
  const all = entries.map(wrapEntry);
  await walk(all.length === 1 ? all[0]! : { name: '', read: null, list: async () => all }, '', collector);
  return collector.listing;
}

/**
 * Lists the photos in a zip, which is read by random access.
 *
 * @param limit maximum bytes of a photo, enforced even if a file expands to more than it declares
 * @throws Problem files_unreadable, too_many_files
 */
export async function listZip(zip: File, limit: number): Promise<Listing> {
  const { openZip } = await fetchPart(() => import('./open-zip.js'));
  const collector = new Collector(zip.name);
  const wrapper = new WrapperFinder();
  for await (const { path, size, read } of openZip(zip, limit)) {
    wrapper.add(path.normalize('NFC'));
    collector.add(path, size, read);
  }
  const { listing } = collector;
  const unwrap = (path: string) => path.slice(wrapper.wrapper.length);
  return {
    ...listing,
    photos: listing.photos.map(({ path, ...photo }) => ({ path: unwrap(path), ...photo })),
    manifests: listing.manifests.map(unwrap),
  };
}
