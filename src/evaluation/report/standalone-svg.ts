/** Creates drawings as standalone SVG files. */
import { COLOURS, type Colour, createPlotRules } from './report-style.js';
import { escapeHtml, PLOT } from './svg.js';

/** The colours on light and on dark pages. */
const literal = (theme: 0 | 1) => (name: Colour) => COLOURS[name][theme];

const rules = (colour: (name: Colour) => string) => `${createPlotRules(colour)}
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
 * @param own further CSS rules of this drawing
 */
export function drawStandalone(
  title: string,
  { width, height }: { width: number; height: number },
  content: string,
  own: (colour: (name: Colour) => string) => string = () => '',
): string {
  const style = (theme: 0 | 1) => rules(literal(theme)) + own(literal(theme));
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
      const at = left;
      // Letters are about half as wide as high.
      left += 50 + 6.8 * text.length;
      return `<line class="curve ${name}" x1="${at}" x2="${at + 22}" y1="${y}" y2="${y}"/><text class="soft" x="${at + 28}" y="${y}" dy="0.35em">${escapeHtml(text)}</text>`;
    })
    .join('');
}
