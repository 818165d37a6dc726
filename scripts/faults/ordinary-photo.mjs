/** A client that asks about an ordinary photo while a server is attacked. */
import sharp from 'sharp';
import { countAnswer } from './fault-row.mjs';
import { imageRequest, send } from './server.mjs';

/** Creates an ordinary photo. */
export const createPhoto = () =>
  sharp({
    create: {
      width: 640,
      height: 480,
      channels: 3,
      background: '#806040',
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  })
    .jpeg()
    .toBuffer();

/** Identifies an ordinary photo again and again. All `statuses` are right answers. `ask`: sends the request. */
export async function identifyFor(seconds, server, row, { statuses = [200], ask = send } = {}) {
  const photo = await createPhoto();
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const answer = await ask(server.url, imageRequest('/v1/identify', photo));
    countAnswer(row, 'an ordinary photo', answer, statuses.includes(answer.status));
  }
}
