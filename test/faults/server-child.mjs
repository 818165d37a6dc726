/**
 * Drives servers on a disk of its own that is full for most of the time. Arguments: the command line's main module and
 * the data directory, whose parent is the disk. Prints what happened as one JSON object.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';

const [, , main, dataDir, photo] = process.argv;
const filler = path.join(dataDir, '..', 'filler');

function fillUp() {
  for (const size of [65_536, 4096, 1]) {
    try {
      for (;;) {
        appendFileSync(filler, Buffer.alloc(size, 1));
      }
    } catch (error) {
      if (error.code !== 'ENOSPC') {
        throw error;
      }
    }
  }
}

/** Starts a server. @returns what it logged until it was ready or had ended, and how to stop it */
async function serve() {
  const child = spawn(process.execPath, [main, 'serve', '--quiet'], {
    env: { ...process.env, PAWDEX_DATA_DIR: dataDir, PAWDEX_GALLERY: '', PAWDEX_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let log = '';
  child.stdout.on('data', (chunk) => {
    log += chunk;
  });
  const lines = () => log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));
  const ready = () => lines().find(({ msg }) => msg === 'ready');
  while (ready() === undefined && child.exitCode === null) {
    await new Promise((done) => setTimeout(done, 20));
  }
  return {
    url: ready()?.url,
    warnings: () => lines().filter(({ level }) => level === 40),
    stop: async () => {
      child.kill('SIGTERM');
      return (await closed)[0];
    },
  };
}

async function ask(server, method, target, body) {
  const answer = await fetch(server.url + target, { method, body });
  return [answer.status, await answer.json()];
}

function form() {
  const sent = new FormData();
  sent.append('image', new Blob([readFileSync(photo)]), 'cat.png');
  return sent;
}

const found = {};
mkdirSync(dataDir);
let server = await serve();
await fetch(`${server.url}/v1/collections`, {
  method: 'POST',
  body: JSON.stringify({ name: 'mine' }),
  headers: { 'Content-Type': 'application/json' },
});
const [, added] = await ask(server, 'POST', '/v1/collections/mine/items', form());
found.added = added.results[0].status;
await server.stop();

fillUp();
server = await serve();
found.ready = server.url !== undefined;
found.warnings = server.warnings().map(({ msg }) => msg);
found.listed = (await ask(server, 'GET', '/v1/collections/mine/items'))[1].items?.length;
found.nearest = (await ask(server, 'POST', '/v1/identify?collection=mine', form()))[1].neighbours?.length;
const created = await fetch(`${server.url}/v1/collections`, {
  method: 'POST',
  body: JSON.stringify({ name: 'other', description: 'x'.repeat(2000) }),
  headers: { 'Content-Type': 'application/json' },
});
found.refused = (await created.json()).code ?? created.status;
found.stopped = await server.stop();

rmSync(filler);
server = await serve();
found.after = (await ask(server, 'GET', '/v1/collections/mine/items'))[1].items?.length;
found.stoppedAfter = await server.stop();
process.stdout.write(JSON.stringify(found));
