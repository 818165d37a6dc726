/** Decides whether a file is a photo: by its name and, if that does not tell, by its first bytes. */
import path from 'node:path';
import picomatch from 'picomatch';
import { nameForeignFormat, sniff } from '../image/sniff.js';
import { findIgnoreReason, getExtension, PHOTO_EXTENSIONS } from './set-names.js';

/** Why a readable file or folder is left out. */
export type SkipReason =
  | 'litter'
  | 'hidden'
  | 'excluded'
  | 'not_a_photo'
  | 'unsupported_format'
  | 'special_file'
  | 'seen_already'
  | 'other_split';

/**
 * Pictures that cannot be decoded. A TIFF with one of these extensions is a camera's raw file that contains a thumbnail.
 */
const UNSUPPORTED = new Set(
  'jxl jp2 j2k jpx psd svg ico tga pcx eps ai raw cr2 cr3 crw nef nrw arw srf sr2 dng raf orf rw2 pef srw 3fr iiq'.split(
    ' ',
  ),
);

/** Never photos. Listed so that thousands of them need not be opened. */
const OTHERS = new Set(
  'txt md csv tsv json jsonl ndjson parquet xml xmp html htm css js pdf doc docx xls xlsx ods log ini db lnk url aae thm zip tar gz tgz 7z rar mp4 mov m4v avi mkv webm mpg mpeg 3gp mts mp3 m4a wav npy npz pt onnx py sh yaml yml'.split(
    ' ',
  ),
);

/** Number of bytes needed to recognise the format of a file. */
export const HEAD_BYTES = 1024;

/** Globs that select files. */
export interface NameFilters {
  /** Take only what matches one of these. */
  include?: readonly string[] | undefined;
  /** Leave out what matches one of these, and everything below such folders. */
  exclude?: readonly string[] | undefined;
}

/** `check_content` if the first bytes have to decide, see {@link classifyContent}; or why the file is left out. */
export type NameClass = 'photo' | 'check_content' | SkipReason;

/** Classifies by name. Globs without a slash match names at any depth, as in .gitignore. */
export class PhotoNameFilter {
  readonly #includes: (name: string) => boolean;
  readonly #excludes: (name: string) => boolean;

  constructor({ include = [], exclude = [] }: NameFilters) {
    this.#includes = include.length === 0 ? () => true : compileGlobs(include);
    this.#excludes = compileGlobs(exclude);
  }

  /** Returns why a folder is left out, or null. */
  classifyFolder(name: string): SkipReason | null {
    return findIgnoreReason(path.posix.basename(name)) ?? (this.#excludes(name) ? 'excluded' : null);
  }

  classifyFile(name: string): NameClass {
    const reason = findIgnoreReason(path.posix.basename(name));
    if (reason !== null) {
      return reason;
    }
    const extension = getExtension(name);
    if (OTHERS.has(extension)) {
      return 'not_a_photo';
    }
    if (this.#excludes(name) || !this.#includes(name)) {
      return 'excluded';
    }
    return PHOTO_EXTENSIONS.has(extension) ? 'photo' : 'check_content';
  }

  /** The same for a path whose folders were not checked one by one, as in an archive. */
  classifyPath(name: string): NameClass {
    for (let end = name.indexOf('/'); end >= 0; end = name.indexOf('/', end + 1)) {
      const reason = this.classifyFolder(name.slice(0, end));
      if (reason !== null) {
        return reason;
      }
    }
    return this.classifyFile(name);
  }
}

/** Classifies a file by its first bytes. */
export function classifyContent(name: string, head: Uint8Array): 'photo' | SkipReason {
  const kind = sniff(head);
  const extension = getExtension(name);
  if (kind !== null && !(kind === 'tiff' && UNSUPPORTED.has(extension))) {
    return 'photo';
  }
  const isPicture = kind !== null || UNSUPPORTED.has(extension) || nameForeignFormat(head) !== null;
  return isPicture ? 'unsupported_format' : 'not_a_photo';
}

function compileGlobs(globs: readonly string[]): (name: string) => boolean {
  const matchers = globs.map((glob) => {
    const trimmed = glob.replace(/\/(\*\*)?$/, '');
    const pattern = trimmed.replace(/^\.?\//, '');
    const matches = picomatch(pattern, { dot: true, basename: !trimmed.includes('/') });
    return (name: string) => matches(name);
  });
  return (name) => matchers.some((matches) => matches(name));
}
