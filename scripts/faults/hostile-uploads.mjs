/** Sends a server files and bodies that are expensive to read. Every function returns a row of counts, or several. */
import { setTimeout as sleep } from 'node:timers/promises';
import { attackServer, countAnswer } from './fault-row.mjs';
import { listHostileBodies } from './hostile-bodies.mjs';
import { createHostileFiles } from './hostile-files.mjs';
import { createHostileImages, createLargeImages } from './hostile-images.mjs';
import { createPhoto, identifyFor } from './ordinary-photo.mjs';
import { imageRequest, send } from './server.mjs';

const EXPECTED = {
  ok: ({ status }) => status === 200,
  refused: ({ status }) => status >= 400 && status < 500,
  any: ({ status }) => status === 200 || (status >= 400 && status < 500),
};

/** Sends every hostile file to every endpoint that takes an image. All endpoints must give the expected verdict. */
export async function sendImages(server, { damagedFiles }) {
  const { text } = await send(server.url, imageRequest('/v1/identify?k=1', await createPhoto()));
  const neighbour = JSON.parse(text).neighbours[0].id;
  const endpoints = [
    '/v1/embed',
    '/v1/identify?k=3',
    `/v1/explain?neighbour=${neighbour}`,
    '/v1/embed?views=5',
  ];
  const rows = [];
  for (const [group, files] of await createHostileImages({ damagedFiles })) {
    const what = `${group}: ${files.length} files to each of ${endpoints.length} endpoints`;
    const attack = (row) => sendToEach(server, endpoints, files, row);
    rows.push(await attackServer(server, what, { slowestMs: 20_000 }, attack));
  }
  return rows;
}

async function sendToEach(server, endpoints, files, row) {
  for (const [name, outcome, bytes] of files) {
    const codes = [];
    for (const endpoint of endpoints) {
      const answer = await send(server.url, imageRequest(endpoint, bytes));
      codes.push(answer.code ?? answer.status);
      const isSame = codes.every((code) => code === codes[0]);
      countAnswer(row, `${name} to ${endpoint}`, answer, EXPECTED[outcome](answer) && isSame);
    }
  }
}

/**
 * Sends all memory-hungry files at once, again and again, while a client identifies an ordinary photo and a probe checks
 * health.
 */
export async function sendStormOfImages(server, seconds) {
  const files = await createLargeImages();
  const what = `Memory-hungry files, 12 at once for ${seconds} s, beside ordinary photos`;
  return attackServer(server, what, { slowestMs: 20_000, stallMs: 5000 }, async (row) => {
    const until = performance.now() + seconds * 1000;
    const sendFrom = async (from) => {
      for (let i = from; performance.now() < until; i++) {
        const [name, outcome, bytes] = files[i % files.length];
        const answer = await send(server.url, imageRequest('/v1/embed', bytes));
        countAnswer(row, name, answer, answer.status === 503 || EXPECTED[outcome](answer), false);
      }
    };
    const ordinary = identifyFor(seconds, server, row, { statuses: [200, 503] });
    await Promise.all([...Array.from({ length: 12 }, (_, i) => sendFrom(i)), ordinary]);
  });
}

/** Sends request bodies that are cheap to send and expensive to parse. */
export async function sendBodies(server, scale) {
  const bodies = listHostileBodies(scale);
  const what = `Hostile request bodies: ${bodies.length}, at ${scale} of their full size`;
  return attackServer(server, what, { stallMs: 1000 }, async (row) => {
    for (const [name, body] of bodies) {
      const answer = await send(server.url, body);
      // If the server closes the connection while the rest of a refused body is still arriving, there is no answer.
      countAnswer(row, name, answer, answer.status === 0 || EXPECTED.refused(answer));
    }
  });
}

/** Uploads files that are expensive to read. Each makes a job that must fail, within two minutes, while others are answered. */
export async function sendFiles(server, scale, withEndless) {
  const files = await createHostileFiles(scale, withEndless);
  await send(server.url, { path: '/v1/collections', type: 'application/json', body: '{"name":"hostile"}' });
  const what = `Hostile archives and Parquet files: ${files.length}, at ${scale} of their full size`;
  return attackServer(server, what, { stallMs: 2000 }, async (row) => {
    for (const [name, file] of files) {
      const answer = await send(server.url, file);
      const job = answer.status === 202 ? await waitForJob(server.url, JSON.parse(answer.text).id) : null;
      const isRight = job?.state === 'failed' && job.error.code !== 'internal';
      countAnswer(row, `${name}: ${job?.state} ${job?.error?.code}`, answer, isRight, false);
    }
  });
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
