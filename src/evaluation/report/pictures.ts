/** Embeds photos in the report, so that the page needs no other file. */
import { readWholeFile } from '../../files/open-file.js';
import { decode } from '../../image/decode.js';
import { sniff } from '../../image/sniff.js';
import { makeThumbnail } from '../../image/thumbnail.js';
import { escapeHtml } from './svg.js';

const SIDE = 160;

const drawMissing = (name: string) => `<div class="gone">${escapeHtml(name)}</div>`;

const drawInline = (bytes: Uint8Array, type: string, name: string) =>
  `<img alt="" title="${escapeHtml(name)}" src="data:image/${type};base64,${Buffer.from(bytes).toString('base64')}">`;

/**
 * Draws an `img` element that contains the photo.
 *
 * @param file may be in an archive; if it no longer exists, its name is shown instead
 */
export async function drawPicture(file: string, maxPixels: number): Promise<string> {
  const bytes = await readWholeFile(file).catch(() => null);
  if (bytes === null) {
    return drawMissing(file);
  }
  const pixels = await decode(bytes, { size: SIDE, fit: 'cover', kernel: 'linear' }, { maxPixels });
  return drawInline(await makeThumbnail(bytes, pixels, SIDE), 'jpeg', file);
}

/** Draws an item's thumbnail, or its id if it has none. */
export function drawItemPicture(bytes: Uint8Array | null, id: string): string {
  const kind = bytes === null ? null : sniff(bytes);
  return bytes === null || kind === null ? drawMissing(id) : drawInline(bytes, kind, id);
}
