/** The photo that the user gave: whether it can be sent, its hash, and a smaller copy if the server needs one. */
import { server } from './api.js';
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
 * @param maxBytes that the server accepts
 */
export function findProblem(
  file: File,
  maxBytes = server?.limits.fileBytes ?? Number.POSITIVE_INFINITY,
): Problem | null {
  if (file.size === 0) {
    return new Problem('image_empty', 0);
  }
  if (/^(video|audio)\//.test(file.type)) {
    return new Problem('not_a_photo', 0);
  }
  if (file.size > maxBytes) {
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
 * @throws Problem not_shrunk
 */
export async function createSmallerCopy(
  shown: HTMLImageElement,
  name: string,
  side = SMALL_SIDE,
): Promise<File> {
  const scale = Math.min(1, side / Math.max(shown.naturalWidth, shown.naturalHeight));
  const width = Math.max(1, Math.round(shown.naturalWidth * scale));
  const height = Math.max(1, Math.round(shown.naturalHeight * scale));
  const draw = (context: CanvasRenderingContext2D) => context.drawImage(shown, 0, 0, width, height);
  const blob = await drawPicture(width, height, 'image/jpeg', draw);
  if (blob === null) {
    throw new Problem('not_shrunk', 0);
  }
  return new File([blob], `${name.replace(/\.[^.]*$/, '')}-small.jpg`, { type: 'image/jpeg' });
}

/** Draws a picture on white. @returns null if the browser cannot, as with too little memory */
export async function drawPicture(
  width: number,
  height: number,
  type: 'image/jpeg' | 'image/png',
  draw: (context: CanvasRenderingContext2D) => void,
): Promise<Blob | null> {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) {
    return null;
  }
  context.imageSmoothingQuality = 'high';
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  draw(context);
  return new Promise((resolve) => canvas.toBlob(resolve, type, 0.92));
}

/** SHA-256 of a file as hex digits; null where the page cannot compute it, as without TLS on another machine. */
export async function hashFile(file: Blob): Promise<string | null> {
  // Browsers have it only in secure contexts, despite its type.
  const subtle = crypto.subtle as SubtleCrypto | undefined;
  if (subtle === undefined) {
    return null;
  }
  const digest = await subtle.digest('SHA-256', await file.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
