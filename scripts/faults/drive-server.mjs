/** Attacks on a running server, one function each. Every function returns a row of counts. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import sharp from 'sharp';
import { countAnswer, countLife, createRow } from './fault-row.mjs';
import { hostileBodies } from './hostile-bodies.mjs';
import { hostileFiles } from './hostile-files.mjs';
import { hostileImages, largeImages } from './hostile-images.mjs';
import { imageRequest, send, startServer } from './server.mjs';

const EXPECTED = {
  ok: ({ status }) => status === 200,
  refused: ({ status }) => status >= 400 && status < 500,
  any: ({ status }) => status === 200 || (status >= 400 && status < 500),
};

/** Creates an ordinary photo. */
const photo = () =>
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

/** Sends every hostile file to every endpoint that takes an image. All endpoints must give the expected verdict. */
export async function sendImages(server, { damagedFiles }) {
  const { text } = await send(server.url, imageRequest('/v1/identify?k=1', await photo()));
  const neighbour = JSON.parse(text).neighbours[0].id;
  const endpoints = [
    '/v1/embed',
    '/v1/identify?k=3',
    `/v1/explain?neighbour=${neighbour}`,
    '/v1/embed?views=5',
  ];
  const rows = [];
  for (const [group, files] of await hostileImages({ damagedFiles })) {
    const row = createRow(`${group}: ${files.length} files to each of ${endpoints.length} endpoints`, {
      wrong: 0,
      crashed: 0,
      serverErrors: 0,
      peakMiB: 1024,
      slowestMs: 20_000,
    });
    for (const [name, outcome, bytes] of files) {
      const codes = [];
      for (const endpoint of endpoints) {
        const answer = await send(server.url, imageRequest(endpoint, bytes));
        codes.push(answer.code ?? answer.status);
        const isSame = codes.every((code) => code === codes[0]);
        countAnswer(row, `${name} to ${endpoint}`, answer, EXPECTED[outcome](answer) && isSame);
      }
    }
    await countLife(row, server);
    rows.push(row);
  }
  return rows;
}

/**
 * Sends all memory-hungry files at once, again and again, while a client identifies an ordinary photo and a probe checks
 * health.
 */
export async function stormOfImages(server, seconds) {
  const files = await largeImages();
  const ordinary = await photo();
  const row = createRow(`Memory-hungry files, 12 at once for ${seconds} s, beside ordinary photos`, {
    crashed: 0,
    serverErrors: 0,
    wrong: 0,
    peakMiB: 1024,
    slowestMs: 20_000,
    stallMs: 5000,
  });
  server.resetProbe();
  const until = performance.now() + seconds * 1000;
  const attack = async (from) => {
    for (let i = from; performance.now() < until; i++) {
      const [name, outcome, bytes] = files[i % files.length];
      const answer = await send(server.url, imageRequest('/v1/embed', bytes));
      countAnswer(row, name, answer, answer.status === 503 || EXPECTED[outcome](answer), false);
    }
  };
  const use = async () => {
    while (performance.now() < until) {
      const answer = await send(server.url, imageRequest('/v1/identify', ordinary));
      countAnswer(row, 'an ordinary photo', answer, answer.status === 200 || answer.status === 503);
    }
  };
  await Promise.all([...Array.from({ length: 12 }, (_, i) => attack(i)), use()]);
  row.stallMs = await server.longestWait();
  await countLife(row, server);
  return row;
}

/** Sends request bodies that are cheap to send and expensive to parse. */
export async function sendBodies(server, scale) {
  const bodies = hostileBodies(scale);
  const row = createRow(`Hostile request bodies: ${bodies.length}, at ${scale} of their full size`, {
    wrong: 0,
    crashed: 0,
    serverErrors: 0,
    peakMiB: 1024,
    stallMs: 1000,
  });
  server.resetProbe();
  for (const [name, body] of bodies) {
    const answer = await send(server.url, body);
    // If the server closes the connection while the rest of a refused body is still arriving, there is no answer.
    countAnswer(row, name, answer, answer.status === 0 || EXPECTED.refused(answer));
  }
  row.stallMs = await server.longestWait();
  await countLife(row, server);
  return row;
}

/** Uploads files that are expensive to read. Each makes a job that must fail, within two minutes, while others are answered. */
export async function sendFiles(server, scale, withEndless) {
  const files = await hostileFiles(scale, withEndless);
  const row = createRow(
    `Hostile archives and Parquet files: ${files.length}, at ${scale} of their full size`,
    {
      ...{ wrong: 0, crashed: 0, serverErrors: 0, peakMiB: 1024, stallMs: 2000 },
    },
  );
  await send(server.url, { path: '/v1/collections', type: 'application/json', body: '{"name":"hostile"}' });
  server.resetProbe();
  for (const [name, file] of files) {
    const answer = await send(server.url, file);
    const job = answer.status === 202 ? await waitForJob(server.url, JSON.parse(answer.text).id) : null;
    const isRight = job?.state === 'failed' && job.error.code !== 'internal';
    countAnswer(row, `${name}: ${job?.state} ${job?.error?.code}`, answer, isRight, false);
  }
  row.stallMs = await server.longestWait();
  await countLife(row, server);
  return row;
}

async function waitForJob(url, id) {
  for (const until = performance.now() + 120_000; performance.now() < until; ) {
    const job = await (await fetch(`${url}/v1/jobs/${id}`)).json();
    if (job.finishedAt !== null) {
      return job;
    }
    await sleep(100);
  }
  return null;
}

/** Opens a connection, writes `text`, and passes the socket to `more`. */
function connect(server, text, more = () => {}) {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    const socket = net.connect(Number(port), hostname, () => {
      socket.write(text);
      more(socket);
      resolve(socket);
    });
    socket.on('error', () => resolve(socket));
  });
}

/** Opens connections that send one byte now and then, and connections that request a lot and read nothing. */
export async function connectBadly(server, seconds) {
  const clients = 200;
  const row = createRow(`Slow senders and clients that never read: ${clients} of each for ${seconds} s`, {
    wrong: 0,
    crashed: 0,
    serverErrors: 0,
    peakMiB: 1024,
    slowestMs: 10_000,
    stallMs: 5_000,
  });
  const host = new URL(server.url).host;
  const list = `GET /v1/collections/breeds/items?limit=1000 HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const sockets = await Promise.all(
    Array.from({ length: clients }, async () => [
      await connect(server, `POST /v1/embed HTTP/1.1\r\nHost: ${host}\r\nX-Slow: `),
      await connect(server, list.repeat(20), (socket) => socket.pause()),
    ]),
  );
  server.resetProbe();
  const drip = setInterval(() => {
    for (const [slow] of sockets) {
      if (slow.writable) {
        slow.write('a');
      }
    }
  }, 500);
  const ordinary = await photo();
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const answer = await send(server.url, imageRequest('/v1/identify', ordinary));
    countAnswer(row, 'an ordinary photo', answer, answer.status === 200);
  }
  row.stallMs = await server.longestWait();
  clearInterval(drip);
  for (const socket of sockets.flat()) {
    socket.destroy();
  }
  await countLife(row, server);
  return row;
}

/** Repeats a request whose connection is refused: a client counts as slow only after a second. */
async function sendPatiently(url, asked) {
  for (const started = performance.now(); ; ) {
    const answer = await send(url, asked);
    const ms = performance.now() - started;
    if (answer.status !== 0 || ms > 10_000) {
      return { ...answer, ms };
    }
    await sleep(100);
  }
}

/**
 * Takes every connection that the server allows, half of them with headers and half with an upload that arrive byte by
 * byte, and opens new ones for those that it closes. Others must still be answered, each over a connection of its own.
 */
export async function takeAllConnections(server, seconds) {
  const clients = 1000;
  const row = createRow(`All ${clients} connections taken by slow senders, for ${seconds} s`, {
    ...{ wrong: 0, crashed: 0, serverErrors: 0, peakMiB: 1024, slowestMs: 10_000 },
  });
  const slow = `POST /v1/embed HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nContent-`;
  const texts = [slow, `${slow}Type: application/json\r\nContent-Length: 9999\r\n\r\n{`];
  const open = (_, i) => connect(server, texts[i % 2]);
  const sockets = await Promise.all(Array.from({ length: clients }, open));
  let isOver = false;
  const drip = async () => {
    while (!isOver) {
      for (const [i, socket] of sockets.entries()) {
        if (socket.destroyed) {
          sockets[i] = await open(null, i);
        } else {
          socket.write(' ');
        }
      }
      await sleep(500);
    }
  };
  const dripping = drip();
  const ordinary = await photo();
  const until = performance.now() + seconds * 1000;
  while (performance.now() < until) {
    const answer = await sendPatiently(server.url, imageRequest('/v1/identify', ordinary));
    countAnswer(row, 'an ordinary photo', answer, answer.status === 200);
  }
  isOver = true;
  await dripping;
  for (const socket of sockets) {
    socket.destroy();
  }
  await countLife(row, server);
  return row;
}

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
