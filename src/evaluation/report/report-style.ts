/** The style sheet of reports, and the colours of pages and plots. */
import { createHash } from 'node:crypto';

/** Colours on light and on dark pages. The four series colours are also distinguishable for colour-blind people. */
export const COLOURS = {
  page: ['#f4f7f5', '#0e1513'],
  card: ['#ffffff', '#17211d'],
  ink: ['#14211c', '#e9f1ed'],
  soft: ['#51625a', '#a3b5ac'],
  line: ['#d5e0da', '#2c3a34'],
  main: ['#0e7f62', '#4cc09c'],
  second: ['#c5533a', '#ee8b72'],
  third: ['#3b6fb5', '#7fb0ee'],
  fourth: ['#8a5a9e', '#c79ad9'],
} as const;

export type Colour = keyof typeof COLOURS;

/** Creates the CSS of a plot. @param colour formats a colour, as a CSS variable or as the colour itself */
export const createPlotRules = (colour: (name: Colour) => string): string => `
.plot text { fill: ${colour('soft')}; font-size: 12.5px; }
.plot .axis { fill: ${colour('ink')}; font-size: 13.5px; }
.grid { stroke: ${colour('line')}; }
.bar { fill: ${colour('main')}; } .other { fill: ${colour('second')}; fill-opacity: 0.6; }
.ideal { fill: none; stroke: ${colour('soft')}; stroke-dasharray: 5 4; }
.curve { fill: none; stroke: ${colour('main')}; stroke-width: 2.2; }
.curve.second { stroke: ${colour('second')}; } .curve.third { stroke: ${colour('third')}; } .curve.fourth { stroke: ${colour('fourth')}; }
.curve.faint { stroke-width: 1; stroke-opacity: 0.35; }
.dot { fill: ${colour('second')}; stroke: ${colour('card')}; stroke-width: 1.5; }
`;

const VARIABLES = Object.entries(COLOURS)
  .map(([name, [light, dark]]) => `--${name}: light-dark(${light}, ${dark});`)
  .join(' ');

/** The report's style sheet: light and dark, narrow and wide, and on paper. */
const STYLE = `
:root { color-scheme: light dark;
${VARIABLES} }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 70rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0.5rem 0 0.25rem; }
h2 { font-size: 1.2rem; margin: 0 0 0.5rem; }
p { margin: 0 0 0.75rem; }
.soft, figcaption { color: var(--soft); font-size: 0.9rem; }
code { overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 1.1rem 1.2rem; margin-top: 1.1rem; }
.plots { display: grid; gap: 1.1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); margin-top: 1.1rem; }
.plots section { margin-top: 0; }
.figures { display: grid; gap: 0.9rem 1.2rem; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); margin: 0; }
.figures dt { color: var(--soft); font-size: 0.85rem; }
.figures dd { margin: 0; font-size: 1.45rem; font-variant-numeric: tabular-nums; line-height: 1.25; }
.figures small { display: block; color: var(--soft); font-size: 0.78rem; }
figure { margin: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 0.9rem; }
th, td { padding: 0.25rem 0.7rem; text-align: right; border-bottom: 1px solid var(--line); }
th[scope=row] { text-align: left; font-weight: 500; }
.plot { width: 100%; height: auto; display: block; }${createPlotRules((name) => `var(--${name})`)}.labels { columns: 19rem; column-gap: 2rem; list-style: none; margin: 0; padding: 0; font-size: 0.86rem; }
.labels li { display: grid; grid-template-columns: minmax(0, 11rem) 1fr 3.2rem; gap: 0.6rem; align-items: center; break-inside: avoid; }
.labels span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.labels svg { width: 100%; height: 0.7rem; display: block; }
.labels .track { fill: var(--line); }
.labels b { text-align: right; font-weight: 500; font-variant-numeric: tabular-nums; }
.cases { display: grid; gap: 1.1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 15.5rem), 1fr)); }
.cases figure { break-inside: avoid; }
.cases div.two { display: grid; grid-template-columns: 1fr 1fr; gap: 0.35rem; }
.cases img { width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 8px; display: block; }
.cases figcaption { margin-top: 0.35rem; overflow-wrap: anywhere; }
.cases strong { color: var(--ink); font-weight: 600; }
.gone { border: 1px dashed var(--line); border-radius: 8px; padding: 0.5rem; font-size: 0.75rem; overflow-wrap: anywhere; }
.key { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; }
.key.main { background: var(--main); }
.key.second { background: var(--second); }
@media print {
  :root { color-scheme: light; }
  body { background: none; font-size: 11pt; }
  .plots { grid-template-columns: 1fr 1fr; }
  section { border: 0; padding: 0; break-inside: avoid; }
  section.long { break-inside: auto; }
  * { print-color-adjust: exact; }
}
`;

/** Creates a page. @param rules further CSS rules */
export function createPage(title: string, content: string, rules = ''): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}${rules}</style>
</head>
<body>
<main>
${content}
</main>
</body>
</html>
`;
}

/** The hash that allows the style sheet in a content security policy. */
export const STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;
