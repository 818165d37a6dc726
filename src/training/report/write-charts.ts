/** Writes the charts of a run, as SVG for pages and as PNG for everything else. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { drawOwnSvg } from '../../image/libvips.js';
import { type ChartEntry, drawLossChart, drawQualityChart } from './curves.js';
import { drawEmbeddingMap, type MapInput } from './embedding-map.js';

export interface ChartInput {
  /** Lines of the log so far, in order. */
  readonly log: readonly ChartEntry[];
  /** Embeddings of val, for the map. It takes seconds, so draw it at the end only. Default: no map. */
  readonly map?: MapInput;
}

/** Pixels per inch. The drawings are made for 96. */
const DENSITY = 144;

/**
 * Draws loss.svg, quality.svg and map.svg into a folder, each with a .png beside it. Charts without data are left out.
 *
 * @returns the files written
 */
export async function writeTrainingCharts(dir: string, { log, map }: ChartInput): Promise<string[]> {
  const charts = {
    loss: drawLossChart(log),
    quality: drawQualityChart(log),
    map: map === undefined ? null : await drawEmbeddingMap(map),
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
