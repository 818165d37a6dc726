import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CAT, Sandbox } from '../cli/sandbox.js';
import { until } from '../helpers/until.js';

let sandbox: Sandbox;
let orders: string;
beforeEach(async () => {
  sandbox = await Sandbox.create();
  orders = path.join(sandbox.root, 'orders');
  await mkdir(orders);
});
afterEach(() => sandbox.remove());

async function startServer() {
  const killer = new URL('./worker-killer.mjs', import.meta.url).href;
  const server = await sandbox.serve({ NODE_OPTIONS: `--import ${killer}`, KILL_ORDERS: orders });
  return { ...server, kill: (kind: string) => killWorker(kind) };
}

async function killWorker(kind: string): Promise<void> {
  const order = path.join(orders, kind);
  await writeFile(order, '');
  await until(() => !existsSync(order));
}

/** Stores one photo, however often the server says that a worker failed. */
async function storePhoto(url: string): Promise<{ results: { status: string }[] }> {
  for (;;) {
    const form = new FormData();
    form.append('image', new Blob([await readFile(CAT)]), 'cat.png');
    const answer = await fetch(`${url}/v1/collections/mine/items`, { method: 'POST', body: form });
    if (answer.status !== 503) {
      return (await answer.json()) as { results: { status: string }[] };
    }
    expect(await answer.json()).toMatchObject({ code: 'worker_failed' });
  }
}

it.each(['store', 'encoder'])(
  'a server continues when a thread of the %s dies, and ends with a fatal log entry when it dies again',
  async (kind) => {
    const server = await startServer();
    await fetch(`${server.url}/v1/collections`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'mine' }),
    });
    expect(await storePhoto(server.url)).toMatchObject({ results: [{ status: 'created' }] });
    await server.kill(kind);
    expect(await storePhoto(server.url)).toMatchObject({ results: [{ status: 'exists' }] });
    await server.kill(kind);
    const { code, signal, stdout, stderr } = await server.ended;
    expect({ code, signal, stderr }).toMatchObject({ code: 70 });
    const logged = stdout
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
    const [restarted, fatal] = [/restarted/, /died twice/].map((text) =>
      logged.find(({ msg }) => text.test(msg)),
    );
    expect(restarted).toMatchObject({
      level: 50,
      err: { message: `the test killed a thread of the ${kind}` },
    });
    expect(fatal).toMatchObject({ level: 60, err: { message: `the test killed a thread of the ${kind}` } });
  },
);
