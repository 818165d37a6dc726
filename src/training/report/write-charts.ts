/** Writes the charts of a run, as SVG for pages and as PNG for everything else. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { drawOwnSvg } from '../../image/libvips.js';
import { type ChartEntry, drawLossChart, drawQualityChart } from './curves.js';
import { drawEmbeddingMap, type MapInput } from './embedding-map.js';

/** Pixels per inch. The drawings are made for 96. */
const DENSITY = 144;

/**
 * Draws loss.svg, quality.svg and map.svg into a folder, each with a .png beside it. Charts without data are left out.
 *
 * @param log lines of the log, in order
 * @param map embeddings of val
 * @returns the files written
 */
export async function writeTrainingCharts(
  dir: string,
  log: readonly ChartEntry[],
  map: MapInput,
): Promise<string[]> {
  const charts = {
    loss: drawLossChart(log),
    quality: drawQualityChart(log),
    map: await drawEmbeddingMap(map),
  };
  await mkdir(dir, { recursive: true });
  const written: string[] = [];
  for (const [name, svg] of Object.entries(charts)) {
    if (svg === null) {
      continue;
    }
    const file = path.join(dir, `${name}.svg`);
    await writeFile(file, svg);
    const picture = path.join(dir, `${name}.png`);
    await writeFile(picture, await drawOwnSvg(svg, DENSITY));
    written.push(file, picture);
  }
  return written;
}
