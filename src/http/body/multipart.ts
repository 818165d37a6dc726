/** Parses multipart forms. Every part is a file, a text field or an error; none is ignored. */
import {
  MaxFileSizeExceededError,
  MaxPartsExceededError,
  MultipartParseError,
  type MultipartPart,
  parseMultipart,
} from '@remix-run/multipart-parser';
import { createTooLargeError, PawdexError } from '../../errors.js';

/** Maximum number of text fields per form. */
const MAX_FIELDS = 16;
/** Longest text field in bytes: enough for `items` with metadata for every file. */
const MAX_FIELD_BYTES = 1024 * 1024;
const MAX_HEADER_BYTES = 16 * 1024;
/** A text field up to this length in place of a file is a path that a user typed. */
const MAX_PATH_BYTES = 4096;

/** Bytes that text fields and part headers may add to the files of a form. */
export const FORM_OVERHEAD_BYTES = 2 * MAX_FIELD_BYTES;

/** A part named `image`. */
export interface FormFile {
  /** The file, or an error if the part is not a file. */
  content: Uint8Array | PawdexError;
  /** The file name without folders; null if the client sent none. */
  name: string | null;
}

export interface Form {
  files: FormFile[];
  /** Text fields by name; a repeated field is an array. */
  fields: Record<string, string | string[]>;
}

export interface FormLimits {
  files: number;
  fileBytes: number;
}

const createInvalidError = (detail: string, cause?: unknown) =>
  new PawdexError('invalid_multipart', { detail, cause });

/**
 * Parses a form.
 *
 * @param body the whole body
 * @param contentType the request's header, which contains the boundary
 * @throws PawdexError invalid_multipart, payload_too_large, image_unexpected
 */
export function parseForm(body: Buffer, contentType: string, limits: FormLimits): Form {
  const boundary = /;\s*boundary=(?:"([^"]{1,200})"|([^\s;]{1,200}))/i
    .exec(contentType)
    ?.slice(1)
    .find(Boolean);
  if (boundary === undefined) {
    throw createInvalidError('The content type has no boundary.');
  }
  // Without a prototype, so that a field may have any name.
  const form: Form = { files: [], fields: Object.create(null) };
  let fields = 0;
  try {
    for (const part of splitParts(body, boundary, limits)) {
      const name = readFieldName(part);
      if (name === 'image') {
        addFile(form, part, limits);
      } else if (part.filename !== undefined) {
        throw new PawdexError('image_unexpected', {
          detail: `Files go into the field \`image\`, not \`${name}\`.`,
        });
      } else if (++fields > MAX_FIELDS) {
        throw createInvalidError(`A form must not have more than ${MAX_FIELDS} text fields.`);
      } else {
        addField(form, name, part);
      }
    }
  } catch (error) {
    throw toFormError(error, limits);
  }
  return form;
}

function splitParts(body: Buffer, boundary: string, { files, fileBytes }: FormLimits) {
  if (body.length === 0) {
    throw createInvalidError('The form is empty.');
  }
  return parseMultipart(body, {
    boundary,
    maxHeaderSize: MAX_HEADER_BYTES,
    maxFileSize: Math.max(fileBytes, MAX_FIELD_BYTES),
    // One more than allowed, so that the checks below can report which limit was exceeded.
    maxParts: files + MAX_FIELDS + 1,
    maxTotalSize: body.length,
  });
}

function readFieldName(part: MultipartPart): string {
  const { name } = part;
  if (name === undefined || name === '') {
    throw createInvalidError('A part has no name.');
  }
  // In some parsers `a[b]` creates objects. Here names are plain words.
  if (!/^[\w.-]{1,64}$/.test(name)) {
    throw createInvalidError('A field name must have 1 to 64 letters, digits, ., - or _.');
  }
  return name;
}

function addField({ fields }: Form, name: string, part: MultipartPart): void {
  if (part.size > MAX_FIELD_BYTES) {
    throw createTooLargeError(
      'A text field',
      MAX_FIELD_BYTES,
      'Send fewer images in one request, or less metadata with each.',
    );
  }
  const values = [fields[name] ?? [], part.text].flat();
  fields[name] = values.length === 1 ? values[0]! : values;
}

function addFile({ files }: Form, part: MultipartPart, limits: FormLimits): void {
  if (files.length === limits.files) {
    const allowed = limits.files === 1 ? 'one file' : `at most ${limits.files} files`;
    throw new PawdexError('image_unexpected', {
      detail: `This endpoint accepts ${allowed}.`,
      ...(limits.files === 1 ? {} : { hint: `Send ${allowed} in one request, in the field \`image\`.` }),
    });
  }
  if (part.size > limits.fileBytes) {
    throw createTooLargeError('The file', limits.fileBytes);
  }
  const name = readFileName(part.filename);
  const bytes = part.bytes;
  const typedPath = part.filename === undefined ? readTypedPath(bytes) : null;
  files.push(
    typedPath === null ? { content: bytes, name } : { content: createTextError(typedPath), name: null },
  );
}

/** Reads the path from a part without a file name. Returns null if it is a file: every image has control bytes. */
function readTypedPath(bytes: Uint8Array): string | null {
  if (bytes.length === 0 || bytes.length > MAX_PATH_BYTES) {
    return null;
  }
  const text = Buffer.from(bytes).toString('utf8');
  return /[\p{Cc}\ufffd]/u.test(text.trimEnd()) ? null : text;
}

function createTextError(path: string): PawdexError {
  return new PawdexError('image_missing', {
    detail: '`image` is text, not a file: did you forget the @?',
    hint: `With curl, put an @ before the path: -F image=@${path.length > 100 ? 'photo.jpg' : path.trim()}`,
  });
}

/** Takes the last part of a path from any operating system. Returns null if that is not a file name. */
function readFileName(sent: string | undefined): string | null {
  // Browsers escape only these three characters in names.
  const name = (sent ?? '')
    .replaceAll(/%(0A|0D|22)/gi, (escaped) => decodeURIComponent(escaped))
    .split(/[\\/]/)
    .at(-1)!;
  return name === '' || name === '.' || name === '..' ? null : name;
}

function toFormError(error: unknown, limits: FormLimits): unknown {
  if (error instanceof MaxFileSizeExceededError) {
    return createTooLargeError('The file', limits.fileBytes);
  }
  if (error instanceof MaxPartsExceededError) {
    return createInvalidError('The form has too many parts.', error);
  }
  if (error instanceof MultipartParseError) {
    return createInvalidError(`${error.message}.`, error);
  }
  if (error instanceof TypeError) {
    return createInvalidError('The form is not UTF-8.', error);
  }
  return error;
}
