/** A labelled set as folders: the first level names the label, whatever lies below it belongs to it. */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { PawdexError } from '../errors.js';
import type { LabelledPhoto } from './labelled-photo.js';

/**
 * Names taken for photos. HEIC is among them although it cannot be read: that it was left out should be said,
 * file by file, rather than go unnoticed.
 */
const PHOTO = /\.(jpe?g|jfif|png|webp|gif|avif|tiff?|hei[cf])$/i;

/**
 * Finds photos below a folder. Hidden files and folders are passed over; links are followed, but no folder is
 * read twice, so that a loop of links ends.
 *
 * @returns photos in no particular order; those directly in `root` have label null
 * @throws PawdexError set_invalid when a folder cannot be read
 */
export async function photosInFolders(root: string): Promise<LabelledPhoto[]> {
  const photos: LabelledPhoto[] = [];
  const visited = new Set<string>();

  async function visit(folder: string, label: string | null): Promise<void> {
    const here = path.join(root, folder);
    const real = await realpath(here);
    if (visited.has(real)) {
      return;
    }
    visited.add(real);
    const entries = await readdir(here, { withFileTypes: true });
    entries.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      if (entry.name.startsWith('.')) {
        continue;
      }
      const name = path.join(folder, entry.name);
      const kind = await kindOf(entry, path.join(root, name));
      if (kind === 'folder') {
        await visit(name, label ?? entry.name);
      } else if (kind === 'file' && PHOTO.test(entry.name)) {
        photos.push({
          file: path.join(root, name),
          name: name.split(path.sep).join('/'),
          label,
          metadata: {},
        });
      }
    }
  }

  try {
    await visit('', null);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new PawdexError('set_invalid', { detail: `Cannot read ${root}: ${detail}.`, cause });
  }
  return photos;
}

async function kindOf(entry: Dirent, file: string): Promise<'file' | 'folder' | 'other'> {
  if (!entry.isSymbolicLink()) {
    return entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other';
  }
  // A link that leads nowhere is passed over like any other thing that is no photo.
  const target = await stat(file).catch(() => null);
  return target?.isDirectory() ? 'folder' : target?.isFile() ? 'file' : 'other';
}
