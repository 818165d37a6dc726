/** Shapes that the figures share. */
import { formatCoordinate as at, drawStandalone, escapeHtml } from '../../../dist/evaluation/report/svg.js';

/** Draws text at a point. @param kind classes: `soft`, `title`, `middle`, `end`, `small` */
export const text = (x, y, content, kind = '') =>
  `<text class="${kind}" x="${at(x)}" y="${at(y)}">${escapeHtml(content)}</text>`;

export const box = (x, y, width, height, kind) =>
  `<rect class="${kind}" x="${at(x)}" y="${at(y)}" width="${at(width)}" height="${at(height)}" rx="3"/>`;

export const line = ([x1, y1], [x2, y2], kind) =>
  `<line class="${kind}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`;

/** Draws an arrow whose head has the colour of its line. */
export function arrow(from, to, kind) {
  const angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
  const wing = (turn) => [to[0] - 9 * Math.cos(angle + turn), to[1] - 9 * Math.sin(angle + turn)];
  return line(from, to, kind) + line(wing(0.45), to, kind) + line(wing(-0.45), to, kind);
}

/** Wraps shapes in a figure with a style sheet. Green is positive, red negative, hatched no candidate. */
export const figure = (title, width, height, parts) =>
  drawStandalone(
    title,
    { width, height },
    `<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatch" x1="0" y1="0" x2="0" y2="6"/></pattern></defs>${parts.flat(9).join('')}`,
    (colour) => `
.middle { text-anchor: middle; } .end { text-anchor: end; }
text.small { font-size: 11px; } text.strong { font-weight: 600; }
text.on { fill: ${colour('card')}; }
text.positive { fill: ${colour('main')}; } text.negative { fill: ${colour('second')}; } text.proxy { fill: ${colour('third')}; }
rect.positive, circle.positive { fill: ${colour('main')}; } rect.negative, circle.negative { fill: ${colour('second')}; fill-opacity: 0.55; }
circle.negative { fill-opacity: 1; }
rect.none { fill: url(#hatch); stroke: ${colour('line')}; } rect.frame { fill: none; stroke: ${colour('ink')}; stroke-width: 2; }
rect.plain { fill: ${colour('page')}; stroke: ${colour('line')}; }
.hatch { stroke: ${colour('soft')}; stroke-width: 1.6; stroke-opacity: 0.6; }
line.axis, circle.axis { fill: none; stroke: ${colour('line')}; stroke-width: 1.5; }
line.positive { stroke: ${colour('main')}; stroke-width: 2.2; } line.negative { stroke: ${colour('second')}; stroke-width: 2.2; }
line.vector { stroke: ${colour('ink')}; stroke-width: 1.6; } line.flow { stroke: ${colour('soft')}; stroke-width: 1.8; }
circle.anchor { fill: ${colour('ink')}; }
`,
  );
