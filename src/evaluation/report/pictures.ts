/** Photos inside the report, so that the page needs no other file. */
import { readFile } from 'node:fs/promises';
import { decode } from '../../image/decode.js';
import { thumbnail } from '../../image/thumbnail.js';
import { escapeHtml } from './svg.js';

const SIDE = 160;

/**
 * An `img` element that holds the photo itself.
 *
 * @param file a photo that could be read a moment ago; one that is gone leaves its name
 */
export async function picture(file: string, maxPixels: number): Promise<string> {
  const name = escapeHtml(file);
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return `<div class="gone">${name}</div>`;
  const pixels = await decode(bytes, { size: SIDE, fit: 'cover', kernel: 'linear' }, { maxPixels });
  const jpeg = Buffer.from(await thumbnail(bytes, pixels, SIDE));
  return `<img alt="" title="${name}" src="data:image/jpeg;base64,${jpeg.toString('base64')}">`;
}
