/** Draws an answer as one picture to keep or send: the photo, the part that was looked at, and the result. */
import type { Identification } from '../../engine/engine.js';
import { saveFile } from '../dom.js';
import { drawPicture } from '../photo.js';
import { Problem } from '../problem.js';
import { describeAnswer, listShares, nameConfidence } from '../verdict.js';

const WIDTH = 1200;
const HEIGHT = 630;
const MARGIN = 40;
const SIDE = HEIGHT - 2 * MARGIN;
const FONT = 'system-ui, sans-serif';
const COLOURS = { ink: '#14211c', soft: '#51625a', accent: '#0b6e55', sunk: '#e3ebe7' };

/** Draws text in lines of at most `width` pixels, and returns the y position of the next line. */
function writeLines(
  context: CanvasRenderingContext2D,
  text: string,
  { x, y, width, line, maxLines }: { x: number; y: number; width: number; line: number; maxLines: number },
): number {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const longer = `${lines.at(-1) ?? ''} ${word}`.trim();
    if (lines.length > 0 && context.measureText(longer).width <= width) {
      lines[lines.length - 1] = longer;
    } else {
      lines.push(word);
    }
  }
  lines.slice(0, maxLines).forEach((each, i) => {
    context.fillText(each, x, y + i * line, width);
  });
  return y + Math.min(lines.length, maxLines) * line;
}

function drawPhoto(context: CanvasRenderingContext2D, photo: HTMLImageElement, answer: Identification): void {
  const { naturalWidth, naturalHeight } = photo;
  const scale = Math.min(SIDE / naturalWidth, SIDE / naturalHeight);
  const [width, height] = [naturalWidth * scale, naturalHeight * scale];
  const [x, y] = [MARGIN + (SIDE - width) / 2, MARGIN + (SIDE - height) / 2];
  context.drawImage(photo, x, y, width, height);
  const { region } = answer;
  if (region.width < 0.99 || region.height < 0.99) {
    context.strokeStyle = '#ffffff';
    context.lineWidth = 3;
    context.setLineDash([10, 6]);
    context.strokeRect(
      x + region.left * width,
      y + region.top * height,
      region.width * width,
      region.height * height,
    );
  }
}

/** The candidates as bars, from `y` downwards. */
function drawShares(context: CanvasRenderingContext2D, answer: Identification, x: number, y: number): void {
  const width = WIDTH - MARGIN - x;
  listShares(answer)
    .slice(0, 3)
    .forEach(({ name, share, text }, i) => {
      const top = y + i * 62;
      context.font = `500 24px ${FONT}`;
      context.fillStyle = COLOURS.ink;
      context.fillText(name, x, top, width - 100);
      context.textAlign = 'right';
      context.fillText(text, x + width, top);
      context.textAlign = 'left';
      context.fillStyle = COLOURS.sunk;
      context.fillRect(x, top + 12, width, 10);
      context.fillStyle = COLOURS.accent;
      context.fillRect(x, top + 12, width * share, 10);
    });
}

/** @param photo null where this browser cannot show it */
function drawAnswer(
  context: CanvasRenderingContext2D,
  answer: Identification,
  photo: HTMLImageElement | null,
): void {
  if (photo !== null) {
    drawPhoto(context, photo, answer);
  }
  const { kicker, headline, share, tally } = describeAnswer(answer);
  const x = photo === null ? MARGIN : MARGIN + SIDE + 50;
  const width = WIDTH - MARGIN - x;
  context.fillStyle = COLOURS.soft;
  context.font = `600 26px ${FONT}`;
  context.fillText(kicker, x, 90, width);
  context.fillStyle = COLOURS.ink;
  context.font = `760 52px ${FONT}`;
  let y = writeLines(context, headline, { x, y: 150, width, line: 58, maxLines: 3 });
  if (share !== null) {
    context.fillStyle = COLOURS.soft;
    context.font = `500 28px ${FONT}`;
    context.fillText(`${listShares(answer)[0]!.text} ${nameConfidence(answer)}`, x, y, width);
    y += 50;
  }
  context.fillStyle = COLOURS.soft;
  context.font = `400 22px ${FONT}`;
  y = writeLines(context, tally, { x, y, width, line: 30, maxLines: 4 });
  drawShares(context, answer, x, Math.max(y + 30, 400));
  context.fillStyle = COLOURS.soft;
  context.font = `600 20px ${FONT}`;
  context.fillText(`pawdex · ${answer.model.name}`, x, HEIGHT - MARGIN, width);
}

/**
 * Downloads the picture of an answer as a PNG file of 1200 x 630 pixels, which messengers and social networks show
 * uncropped.
 *
 * @param photo null where this browser cannot show it
 * @param name of the photo
 * @throws Problem picture_failed
 */
export async function saveAnswerPicture(
  answer: Identification,
  photo: HTMLImageElement | null,
  name: string,
): Promise<void> {
  const draw = (context: CanvasRenderingContext2D) => drawAnswer(context, answer, photo);
  const blob = await drawPicture(WIDTH, HEIGHT, 'image/png', draw);
  if (blob === null) {
    throw new Problem('picture_failed', 0);
  }
  saveFile(blob, `${name.replace(/\.[^.]*$/, '')}-pawdex.png`);
}
