/** The photo a person gave: where it came from, and a smaller copy of it when the server asks for one. */
import { fileSize } from './format.js';
import { Problem } from './problem.js';
import { texts } from './texts/texts.js';

/** Long side of a smaller copy, in pixels: several times what an encoder looks at. */
const SMALL_SIDE = 1600;

/**
 * The photos among the files given: all that are images by their declared type; where there is none, the first file,
 * since a file without a type may well be an image and the server decides by content.
 */
export function pickPhotos(files: Iterable<File>): File[] {
  const all = [...files];
  const photos = all.filter((file) => file.type.startsWith('image/') || /\.hei[cf]$/i.test(file.name));
  return photos.length > 0 ? photos : all.slice(0, 1);
}

/**
 * Why a file need not be sent at all, or null. Everything else is for the server to judge, by content.
 *
 * @param mostBytes that the server takes; null: not known
 */
export function refusal(file: File, mostBytes: number | null = null): Problem | null {
  if (file.size === 0) {
    return new Problem('file_empty', 0);
  }
  if (/^(video|audio)\//.test(file.type)) {
    return new Problem('not_a_photo', 0);
  }
  if (mostBytes !== null && file.size > mostBytes) {
    return new Problem('payload_too_large', 0, texts.ask.sizes(fileSize(file.size), fileSize(mostBytes)));
  }
  return null;
}

/**
 * A smaller JPEG copy of the picture an `img` shows: upright, transparent parts white. Only a way out when the
 * original is refused for its size or kind: browsers resample and compress each in their own way, so the
 * embedding would depend on the browser, while the original gets the server's one resize.
 *
 * @param shown a picture that has loaded
 * @throws DOMException when the browser cannot draw or compress it
 */
export async function smallerCopy(shown: HTMLImageElement, name: string, side = SMALL_SIDE): Promise<File> {
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
