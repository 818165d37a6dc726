/** Writes a run's charts, as SVG for pages and as PNG for everything else. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { type ChartEntry, drawLossChart, drawQualityChart } from './curves.js';
import { drawEmbeddingMap, type MapInput } from './embedding-map.js';

/** What {@link writeTrainingCharts} draws. */
export interface ChartInput {
  /** Lines of the log so far, in order. */
  readonly log: readonly ChartEntry[];
  /** Embeddings of val; no map unless given. It takes seconds: leave it for the end. */
  readonly map?: MapInput;
}

/** Pixels per inch; the drawings are made for 96. */
const DENSITY = 144;

/**
 * Draws loss.svg, quality.svg and map.svg into a folder, each with a .png beside it. A chart there is nothing to draw
 * for is left out.
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
    await sharp(Buffer.from(svg), { density: DENSITY }).png({ palette: true }).toFile(picture);
    written.push(file, picture);
  }
  return written;
}
