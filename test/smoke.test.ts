/** A server from its first start to its next, in order: what has to work on every supported version of Node. */
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { PawdexClient } from '../src/client/index.js';
import { Sandbox } from './cli/sandbox.js';

type Server = Awaited<ReturnType<Sandbox['serve']>>;

let sandbox: Sandbox;
let photos: string;
let photo: string;
let server: Server;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  photos = await sandbox.photos('photos', 70);
  await writeFile(path.join(photos, 'odd', 'bad.jpg'), 'text');
  photo = path.join(photos, 'even/0004.png');
  server = await sandbox.serve();
});
afterAll(() => sandbox.remove());

const index = () => sandbox.run(['index', photos, '-c', 'mine', '--json']);
const identify = async () => {
  const { stdout } = await sandbox.run(['identify', photo, '-c', 'mine', '--json', '--quiet']);
  return JSON.parse(stdout).neighbours[0].source;
};
const embed = async () => JSON.parse((await sandbox.run(['embed', photo, '--quiet'])).stdout).embedding;
let embedding: number[];

it('says that it is ready', async () => {
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

it('stores the photos that the command line indexes, and reports the one that it cannot read', async () => {
  const { code, stdout, stderr } = await index();
  expect(stderr).toContain(`Using the server at ${server.url}`);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ created: 70, skipped: 0, failed: 1 });
});

it('skips photos that it has already', async () => {
  expect(JSON.parse((await index()).stdout)).toMatchObject({ created: 0, skipped: 70 });
});

it('finds a stored photo again', async () => {
  expect(await identify()).toBe('even/0004.png');
  const client = new PawdexClient({ baseUrl: server.url });
  const { neighbours } = await client.search('mine', { image: await readFile(photo) });
  expect(neighbours[0]!.source).toBe('even/0004.png');
  embedding = await embed();
});

it('still has everything after it was killed', async () => {
  await server.kill();
  server = await sandbox.serve();
  expect(await identify()).toBe('even/0004.png');
  expect(JSON.parse((await index()).stdout)).toMatchObject({ created: 0, skipped: 70 });
});

it('ends cleanly at SIGTERM', async () => {
  const { code, stdout, stderr } = await server.stop();
  expect(code).toBe(0);
  expect(stderr).toContain(`is ready at ${server.url}`);
  expect(stdout).toContain('"msg":"stopped"');
  expect(existsSync(path.join(sandbox.dataDir, 'server.json'))).toBe(false);
});

it('gave the embeddings and kept the photos that commands find without it', async () => {
  expect(await embed()).toEqual(embedding);
  expect(await identify()).toBe('even/0004.png');
});
