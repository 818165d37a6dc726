/** Clients that take connections and hardly use them. Every function returns a row of counts. */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { attackServer } from './fault-row.mjs';
import { identifyFor } from './ordinary-photo.mjs';
import { send } from './server.mjs';

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
  const what = `Slow senders and clients that never read: ${clients} of each for ${seconds} s`;
  return attackServer(server, what, { slowestMs: 10_000, stallMs: 5_000 }, async (row) => {
    const { host } = new URL(server.url);
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
    await identifyFor(seconds, server, row);
    clearInterval(drip);
    for (const socket of sockets.flat()) {
      socket.destroy();
    }
  });
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
  const what = `All ${clients} connections taken by slow senders, for ${seconds} s`;
  return attackServer(server, what, { slowestMs: 10_000 }, async (row) => {
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
    await identifyFor(seconds, server, row, { ask: sendPatiently });
    isOver = true;
    await dripping;
    for (const socket of sockets) {
      socket.destroy();
    }
  });
}
