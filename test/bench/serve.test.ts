import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

it.each([
  ['photos', ['--shared', '/nowhere'], 'There are no JPEG photos in /nowhere/petset/images'],
  [
    'the tutorial server',
    ['--shared', '/nowhere', '--photos', 'test/fixtures'],
    '/nowhere/peers/naive-server.mjs does not exist',
  ],
])('says in one line that it lacks %s, before it starts a server', (_, flags, message) => {
  const script = path.join(root, 'scripts/bench/serve.mjs');
  const { stderr, stdout, status } = spawnSync(process.execPath, [script, ...flags], { encoding: 'utf8' });
  expect(stderr).toContain(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(stdout).toBe('');
  expect(status).toBe(2);
});
