/** The colours of plots, light and dark, and the CSS that applies them. */

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
.dot.main { fill: ${colour('main')}; }
`;
