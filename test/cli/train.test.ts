/** `pawdex train` from photos to an encoder that is served, on a small network. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { drawSet } from '../training/drawn-set.js';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  await drawSet(path.join(sandbox.root, 'set'), 4, 10);
  await drawSet(path.join(sandbox.root, 'more'), 5, 4);
  await drawSet(path.join(sandbox.root, 'val'), 4, 2);
});
afterAll(() => sandbox.remove());

const train = (...more: string[]) => [
  ...['train', '--data', 'set', '--backbone', 'builtin:small-cnn', '--loss', 'sup-con', '--threads', '1'],
  ...['--labels', '4', '--photos', '3', ...more],
];

it('produces an encoder for other commands, stops at Ctrl-C and resumes', async () => {
  const { child, ended } = sandbox.start(train('--out', 'run', '--epochs', '10'));
  let stderr = '';
  child.stderr!.on('data', (text) => {
    const before = /^epoch /m.test(stderr);
    stderr += text;
    // Once: a second Ctrl-C would end it at once.
    if (!before && /^epoch /m.test(stderr)) {
      child.kill('SIGINT');
    }
  });
  const stopped = await ended;
  expect(stopped.code, stopped.stderr).toBe(130);
  expect(stopped.stderr).toContain('with --resume to continue');

  const again = await sandbox.start(train('--out', 'run', '--epochs', '10')).ended;
  expect(again.code).toBe(2);
  expect(again.stderr).toContain('--resume');

  const {
    code,
    stdout,
    stderr: said,
  } = await sandbox.start(['train', '--data', 'set', '--out', 'run', '--resume', '--threads', '1', '--json'])
    .ended;
  expect(code, said).toBe(0);
  const made = JSON.parse(stdout);
  expect(made.int8.top1).toBeGreaterThan(0.5);
  expect(await readdir(path.join(sandbox.root, 'run', 'charts'))).toContain('loss.svg');
  const card = JSON.parse(await readFile(path.join(sandbox.root, made.card), 'utf8'));
  expect(card.training.recipe).toMatchObject({
    name: 'run',
    backbone: { file: 'builtin:small-cnn' },
    evaluation: { every: 1 },
    // What fits the shipped encoder's few trained blocks is not taken over.
    ...{
      head: { dimension: 256, start: 'fitted' },
      keptViews: 0,
      soup: 1,
      average: [1],
      vote: { k: 20, temperature: 0.07 },
    },
  });
  expect(card.training.recipe.head.general).toBeUndefined();

  const photo = path.join('set', 'label-0', '0.png');
  const embedded = await sandbox.start(['embed', photo], { PAWDEX_MODEL: path.join(sandbox.root, made.card) })
    .ended;
  expect(embedded.code, embedded.stderr).toBe(0);
  expect(JSON.parse(embedded.stdout).embedding).toHaveLength(card.output.dimension);
});

it('trains on several sets without listed photos, and validates on several', async () => {
  await writeFile(
    path.join(sandbox.root, 'dropped.csv'),
    'label,file\nlabel-0,label-0/0.png\nlabel-1,label-1/3.png\n',
  );
  const sets = [
    '--data',
    'set',
    '--data',
    'more',
    '--val',
    'val',
    '--val',
    'set',
    '--without',
    'dropped.csv',
  ];
  const flags = train('--epochs', '1', '--out').slice(3);
  const { code, stderr } = await sandbox.start(['train', ...sets, ...flags, 'sum']).ended;
  expect(code, stderr).toBe(0);
  expect(stderr).toContain('Training on 56 photos of 5 labels, validating with 48 photos');

  const bad = await sandbox.start(['train', '--data', 'set', '--without', 'set/label-0/0.png', ...flags, 'x'])
    .ended;
  expect(bad.code).not.toBe(0);
  expect(bad.stderr).toContain('set_invalid');
});

it('checks gradients against finite differences', async () => {
  const { code, stdout, stderr } = await sandbox.start([...train('--check-gradients', '--json')]).ended;
  expect(code, stderr).toBe(0);
  const checks = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(checks.map(({ name }) => name)).toContain('layer0.weight');
  for (const { name, sound } of checks) {
    expect(sound, name).toBe(true);
  }
});

it('explains wrong settings', async () => {
  const wrong = async (...args: string[]) => {
    const { code, stderr } = await sandbox.start(args).ended;
    expect(code).not.toBe(0);
    return stderr;
  };
  expect(await wrong(...train())).toContain('--out');
  expect(await wrong('train', '--out', 'x')).toContain('--data');
  expect(await wrong(...train('--out', 'x', '--labels', '5'))).toContain('config_invalid');
  expect(await wrong(...train('--out', 'x', '--provider', 'cuda'))).toContain('provider_unavailable');
  expect(await wrong('train', '--data', 'nowhere', '--out', 'x')).toContain('set_invalid');
  expect(await wrong(...train('--out', 'x', '--recipe', 'absent.yaml'))).toContain('There is no such file.');
  const unwritable = await wrong(...train('--out', path.join(import.meta.filename, 'run')));
  expect(unwritable).toContain('The output cannot be written');
  expect(unwritable).not.toContain('Reading');
});
