/** Kills a server with SIGKILL while it stores photos. */
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { countAnswer, countLife, createRow } from './fault-row.mjs';
import { imageRequest, send, startServer } from './server.mjs';

/** Kills the server while photos are added, and checks that every acknowledged photo is still there. */
export async function killWhileAdding(rounds) {
  const row = createRow(`Killed while photos are added, ${rounds} times`, {
    lost: 0,
    wrong: 0,
    crashed: 0,
    serverErrors: 0,
  });
  for (let round = 0; round < rounds; round++) {
    const server = await startServer({ env: { PAWDEX_GALLERY: '' } });
    const path = '/v1/collections';
    await send(server.url, { path, type: 'application/json', body: '{"name":"mine"}' });
    const acknowledged = [];
    let isAdding = true;
    const add = async (from) => {
      for (let i = from; isAdding; i += 4) {
        const background = { r: i % 256, g: (7 * i) % 256, b: round };
        const bytes = await sharp({ create: { width: 64, height: 64, channels: 3, background } })
          .jpeg()
          .toBuffer();
        const answer = await send(server.url, imageRequest(`${path}/mine/items`, bytes));
        if (answer.status === 0) {
          return;
        }
        countAnswer(row, 'a photo', answer, answer.status < 300);
        if (answer.status < 300) {
          acknowledged.push(JSON.parse(answer.text).results[0].id);
        }
      }
    };
    const adding = Promise.all([0, 1, 2, 3].map(add));
    await sleep(1500 + 700 * round);
    server.child.kill('SIGKILL');
    isAdding = false;
    await adding;
    const again = await server.restart();
    for (const id of new Set(acknowledged)) {
      const { status } = await fetch(`${again.url}${path}/mine/items/${id}`);
      if (status !== 200) {
        row.lost++;
      }
    }
    await countLife(row, again);
    await again.stop();
  }
  return row;
}
