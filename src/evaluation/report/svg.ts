/** Draws plots with axes as SVG: parts of a page, which has their colours, or standalone files. */
import { COLOURS, type Colour, createPlotRules } from './report-style.js';

export interface Axis {
  label: string;
  from: number;
  to: number;
  ticks: number[];
  format: (value: number) => string;
}

/** Converts data values to positions in the drawing. */
export interface Scales {
  x: (value: number) => number;
  y: (value: number) => number;
}

export const PLOT = { width: 440, height: 330 } as const;
const { width: WIDTH, height: HEIGHT } = PLOT;
const LEFT = 70;
const RIGHT = 24;
const TOP = 12;
const BOTTOM = 50;

/** Escapes text for HTML, also inside quotes. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** Formats a coordinate with visible precision. */
export const formatCoordinate = (value: number): string => String(Math.round(value * 100) / 100);

/** Lists `count` + 1 evenly spaced values from `from` to `to`. */
export function spaceEvenly(from: number, to: number, count: number): number[] {
  return Array.from({ length: count + 1 }, (_, i) => from + ((to - from) * i) / count);
}

/** Lists round values that span at least `from` to `to`, with a step of 1, 2 or 5 times a power of ten. */
export function roundTicks(from: number, to: number): number[] {
  const about = 5;
  const span = to - from || Math.abs(to) || 1;
  const power = 10 ** Math.floor(Math.log10(span / about));
  const step = power * ([1, 2, 5].find((factor) => span / (factor * power) <= about) ?? 10);
  const first = Math.floor(from / step);
  const last = Math.max(first + 1, Math.ceil(to / step));
  // Use whole multiples, so that no tick is 0.30000000000000004.
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/**
 * @param title description for screen readers
 * @param marks draws the data, given the scales; SVG text
 */
export function drawPlot(title: string, x: Axis, y: Axis, marks: (scales: Scales) => string): string {
  const scales: Scales = {
    x: (value) => LEFT + ((value - x.from) / (x.to - x.from)) * (WIDTH - LEFT - RIGHT),
    y: (value) => HEIGHT - BOTTOM - ((value - y.from) / (y.to - y.from)) * (HEIGHT - TOP - BOTTOM),
  };
  const bottom = HEIGHT - BOTTOM;
  const vertical = x.ticks.map((tick) => {
    const px = formatCoordinate(scales.x(tick));
    return `<line class="grid" x1="${px}" x2="${px}" y1="${TOP}" y2="${bottom}"/><text x="${px}" y="${bottom + 18}" text-anchor="middle">${escapeHtml(x.format(tick))}</text>`;
  });
  const horizontal = y.ticks.map((tick) => {
    const py = formatCoordinate(scales.y(tick));
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${py}" y2="${py}"/><text x="${LEFT - 8}" y="${py}" dy="0.35em" text-anchor="end">${escapeHtml(y.format(tick))}</text>`;
  });
  const middle = formatCoordinate((TOP + bottom) / 2);
  return [
    `<svg class="plot" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeHtml(title)}">`,
    ...vertical,
    ...horizontal,
    `<text class="axis" x="${formatCoordinate((LEFT + WIDTH - RIGHT) / 2)}" y="${HEIGHT - 8}" text-anchor="middle">${escapeHtml(x.label)}</text>`,
    `<text class="axis" x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})">${escapeHtml(y.label)}</text>`,
    marks(scales),
    '</svg>',
  ].join('');
}

/** @param title shown when the mouse is over it */
export function drawDot(
  className: string,
  radius: number,
  [px, py]: readonly [number, number],
  { x, y }: Scales,
  title?: string,
): string {
  const position = `r="${radius}" cx="${formatCoordinate(x(px))}" cy="${formatCoordinate(y(py))}"`;
  return `<circle class="${className}" ${position}${title === undefined ? '/>' : `><title>${title}</title></circle>`}`;
}

/** More points of a curve cannot be distinguished. */
export const MAX_POINTS = 400;

export function drawPolyline(className: string, points: [number, number][], { x, y }: Scales): string {
  return `<polyline class="${className}" points="${points.map(([px, py]) => `${formatCoordinate(x(px))},${formatCoordinate(y(py))}`).join(' ')}"/>`;
}

/** A rectangle between two corners, in data values. */
export function drawRectangle(
  className: string,
  corners: [number, number, number, number],
  { x, y }: Scales,
): string {
  const [x0, y0, x1, y1] = corners;
  const height = Math.max(0, y(y0) - y(y1));
  return `<rect class="${className}" x="${formatCoordinate(x(x0))}" y="${formatCoordinate(y(y1))}" width="${formatCoordinate(x(x1) - x(x0))}" height="${formatCoordinate(height)}"/>`;
}

/** The colours on light and on dark pages. */
const pickColours = (theme: 0 | 1) => (name: Colour) => COLOURS[name][theme];

const createRules = (colour: (name: Colour) => string) => `${createPlotRules(colour)}
.card { fill: ${colour('card')}; stroke: ${colour('line')}; }
text { fill: ${colour('ink')}; font-family: system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; font-size: 13px; }
text.soft { fill: ${colour('soft')}; font-size: 12.5px; }
text.title { font-size: 16px; font-weight: 600; }
`;

/**
 * Creates a standalone drawing. It contains its light and dark colours, and has a card as background, so that it is
 * readable on any page.
 *
 * @param title description for screen readers
 * @param createOwnRules further CSS rules of this drawing
 */
export function drawStandalone(
  title: string,
  { width, height }: { width: number; height: number },
  content: string,
  createOwnRules: (colour: (name: Colour) => string) => string = () => '',
): string {
  const style = (theme: 0 | 1) => createRules(pickColours(theme)) + createOwnRules(pickColours(theme));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escapeHtml(title)}</title>`,
    `<style>${style(0)}@media (prefers-color-scheme: dark) {${style(1)}}</style>`,
    `<rect class="card" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="12"/>`,
    content,
    '</svg>\n',
  ].join('\n');
}

/** Places a plot in a drawing, scaled to a width. */
export function placeBlock(plot: string, x: number, y: number, width: number = PLOT.width): string {
  const height = (width * PLOT.height) / PLOT.width;
  return `<svg x="${x}" y="${y}" width="${width}" height="${height}" viewBox="0 0 ${PLOT.width} ${PLOT.height}">${plot}</svg>`;
}

/** Draws the legend of a plot. @param entries class and name of each curve */
export function drawLegend(entries: readonly (readonly [string, string])[], x: number, y: number): string {
  let left = x;
  return entries
    .map(([name, text]) => {
      const start = left;
      // Letters are about half as wide as high.
      left += 50 + 6.8 * text.length;
      return `<line class="curve ${name}" x1="${start}" x2="${start + 22}" y1="${y}" y2="${y}"/><text class="soft" x="${start + 28}" y="${y}" dy="0.35em">${escapeHtml(text)}</text>`;
    })
    .join('');
}
