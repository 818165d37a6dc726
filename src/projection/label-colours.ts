/** Colours of the labels on a plane of vectors. Browsers use them too, so this file imports nothing. */

/** Chooses hues by the golden angle, so that consecutive labels differ. They are readable on light and dark. */
export function chooseColour(label: number): string {
  const hue = Math.round((label * 137.508) % 360);
  return `hsl(${hue}, ${[70, 50][label % 2]}%, ${[48, 58, 52][label % 3]}%)`;
}
