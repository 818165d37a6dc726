/** The photo that the user gave, and a smaller copy of it if the server needs one. */
import { formatFileSize } from './format.js';
import { Problem } from './problem.js';
import { texts } from './texts/texts.js';

/** Long side of a smaller copy, in pixels: several times the input size of an encoder. */
const SMALL_SIDE = 1600;

/**
 * The photos among the files: all with an image type, or else the first file. A file without a type may be an image, and
 * the server decides by content.
 */
export function pickPhotos(files: Iterable<File>): File[] {
  const all = [...files];
  const photos = all.filter((file) => file.type.startsWith('image/') || /\.hei[cf]$/i.test(file.name));
  return photos.length > 0 ? photos : all.slice(0, 1);
}

/**
 * Why a file need not be sent, or null. The server judges everything else, by content.
 *
 * @param maxBytes that the server accepts; null: not known
 */
export function findProblem(file: File, maxBytes: number | null = null): Problem | null {
  if (file.size === 0) {
    return new Problem('file_empty', 0);
  }
  if (/^(video|audio)\//.test(file.type)) {
    return new Problem('not_a_photo', 0);
  }
  if (maxBytes !== null && file.size > maxBytes) {
    return new Problem(
      'payload_too_large',
      0,
      texts.ask.sizes(formatFileSize(file.size), formatFileSize(maxBytes)),
    );
  }
  return null;
}

/**
 * A smaller JPEG copy of the picture in an `img`: upright, with transparent parts white. It is sent only if the original is
 * refused for its size or format. Browsers resample and compress in different ways, so the embedding of a copy depends on
 * the browser.
 *
 * @param shown a picture that has loaded
 * @throws DOMException if the browser cannot draw or compress it
 */
export async function createSmallerCopy(
  shown: HTMLImageElement,
  name: string,
  side = SMALL_SIDE,
): Promise<File> {
  const scale = Math.min(1, side / Math.max(shown.naturalWidth, shown.naturalHeight));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(shown.naturalWidth * scale));
  canvas.height = Math.max(1, Math.round(shown.naturalHeight * scale));
  const context = canvas.getContext('2d');
  if (!context) {
    throw new DOMException('no canvas', 'NotSupportedError');
  }
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(shown, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', 0.92));
  if (!blob) {
    throw new DOMException('no JPEG', 'EncodingError');
  }
  return new File([blob], `${name.replace(/\.[^.]*$/, '')}-small.jpg`, { type: 'image/jpeg' });
}
