/** Draws the figure of augmentation: one CC0 photo and views of it, rendered by the trainer's own code. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { openPhoto } from '../../../dist/image/decode.js';
import { createRandom } from '../../../dist/math/random.js';
import { renderView } from '../../../dist/training/data/render-view.js';
import { drawView, PLAIN_VIEW } from '../../../dist/training/data/view-parameters.js';
import { viewSettings } from '../../../dist/training/data/view-settings.js';
import { figure, text } from './drawing.mjs';

const PHOTO = new URL('../../../test/fixtures/chelsea/chelsea.png', import.meta.url);
const SIDE = 148;
const GAP = 16;
const COLUMNS = 4;

/** Describes the changes of a view in a few words. */
function words({ crop, flip, degrees, saturation, blur, erase }) {
  return [
    `${Math.round(100 * crop.area)} % of the photo`,
    [
      flip ? 'mirrored' : '',
      Math.abs(degrees) >= 3 ? `turned ${Math.round(degrees)}°` : '',
      saturation === 0 ? 'grey' : '',
      blur > 0 ? 'blurred' : '',
      erase === null ? '' : 'erased',
    ]
      .filter(Boolean)
      .join(', '),
  ];
}

/** Draws the photo as the server sees it, then views with the settings for training without labels, which change more. */
export async function views() {
  const photo = await openPhoto(await readFile(PHOTO), { maxPixels: 1e8 });
  const settings = viewSettings.parse({
    crop: { area: [0.2, 1] },
    jitter: { brightness: 0.4, contrast: 0.4, saturation: 0.4 },
    grey: 0.2,
    blur: { probability: 0.5, sigma: [0.5, 2] },
  });
  const drawn = [
    PLAIN_VIEW,
    ...Array.from({ length: 7 }, (_, i) => drawView(settings, createRandom(30 + i))),
  ];
  const parts = [];
  for (const [i, view] of drawn.entries()) {
    const pixels = await renderView(photo, { size: SIDE, fit: 'cover', kernel: 'cubic' }, view);
    const jpeg = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
      .jpeg({ quality: 78, mozjpeg: true })
      .toBuffer();
    const x = 28 + (i % COLUMNS) * (SIDE + GAP);
    const y = 60 + Math.floor(i / COLUMNS) * (SIDE + 56);
    const [first, second] = i === 0 ? ['as the server sees it', ''] : words(view);
    parts.push(
      `<image x="${x}" y="${y}" width="${SIDE}" height="${SIDE}" href="data:image/jpeg;base64,${jpeg.toString('base64')}"/>`,
      text(x, y + SIDE + 16, first, 'soft small'),
      text(x, y + SIDE + 31, second, 'soft small'),
    );
  }
  return figure('Views of one photo', 28 * 2 + COLUMNS * (SIDE + GAP) - GAP, 470, [
    text(28, 36, 'One photo, seven views of it', 'title'),
    parts,
  ]);
}
