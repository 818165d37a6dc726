import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import { CAT, Sandbox } from './sandbox.js';

const GALLERY = path.join(PACKAGE_ROOT, 'models', 'gallery.parquet');

let sandbox: Sandbox;
let photos: string;
let text: string;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  photos = await sandbox.photos('photos', 6);
  text = path.join(sandbox.root, 'text.jpg');
  await writeFile(text, 'not a photo');
  expect((await sandbox.run(['index', photos, '-c', 'mine'])).code).toBe(0);
});
afterAll(() => sandbox.remove());

const lines = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('pawdex identify', () => {
  it('prints one JSON line per image in the given order, with k larger than the collection', async () => {
    const files = ['odd/0003.png', 'even/0000.png'].map((name) => path.join(photos, name));
    const args = ['identify', files[0]!, text, files[1]!, '-c', 'mine', '-k', '1000', '--json'];
    const { code, stdout, stderr } = await sandbox.run(args);
    expect(code).toBe(1);
    const [first, second, third] = lines(stdout);
    expect(first).toMatchObject({
      file: files[0],
      neighbours: [{ source: 'odd/0003.png' }, {}, {}, {}, {}, {}],
    });
    expect(second).toMatchObject({ file: text, error: { code: 'image_unsupported' } });
    expect(third).toMatchObject({ file: files[1], model: { name: expect.any(String) } });
    expect(stderr).toContain('[image_unsupported]');
  });

  it('prints the breed, the alternatives and the neighbours for people', async () => {
    const { code, stdout } = await sandbox.run(['identify', path.join(photos, 'odd/0001.png'), '-c', 'mine']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/0001\.png: \w+.*\n {2}1\.000 {2}odd {2}odd\/0001\.png\n/);
  });

  it('prints no control character of a file name', async () => {
    const evil = path.join(sandbox.root, 'a\x1b[2J\r\nforged: siamese\u202e.jpg');
    await copyFile(CAT, evil);
    const unreadable = path.join(sandbox.root, 'b\x1b]0;title\x07.jpg');
    const ended = await sandbox.run(['identify', evil, unreadable, '-c', 'mine']);
    expect(ended.code).toBe(1);
    const printed = ended.stdout + ended.stderr;
    expect(printed).toContain('a\\u001b[2J\\u000d\\u000aforged: siamese\\u202e.jpg');
    expect(printed).toContain('b\\u001b]0;title\\u0007.jpg');
    expect(printed).not.toMatch(/[^\P{Cc}\n]|\u202e/u);
    expect(printed).not.toMatch(/^forged/m);
  });

  it('knows the breeds that ship', async () => {
    const { stdout } = await sandbox.run(['identify', CAT, '--json'], { PAWDEX_GALLERY: GALLERY });
    const [answer] = lines(stdout);
    expect(answer.candidates.length).toBeGreaterThan(0);
    expect(answer.neighbours.length).toBeGreaterThan(1);
  });

  it('names no candidates of 0 % for a photo of something else', async () => {
    const { stdout } = await sandbox.run(['identify', path.join(photos, 'odd/0001.png'), '-k', '1'], {
      PAWDEX_GALLERY: GALLERY,
    });
    expect(stdout).toMatch(/0001\.png: unknown\n/);
  });
});

describe('pawdex calibrate on the shipped collection', () => {
  it('warns that a collection filled from a gallery has a calibration of its own', async () => {
    const { stderr } = await sandbox.run(['calibrate', '-c', 'breeds'], { PAWDEX_GALLERY: GALLERY });
    expect(stderr).toContain('"breeds" was filled from a gallery');
    const own = await sandbox.run(['calibrate', '-c', 'mine']);
    expect(own.stderr).not.toContain('gallery');
  });
});

describe('pawdex identify --explain', () => {
  const picture = () => path.join(sandbox.root, 'why.png');

  it('explains in JSON', async () => {
    const photo = path.join(photos, 'odd/0001.png');
    const { stdout } = await sandbox.run([
      'identify',
      photo,
      '-c',
      'mine',
      '--explain',
      '--views',
      'flip',
      '--json',
    ]);
    const [{ neighbours }] = lines(stdout);
    for (const { similarity, explanation } of neighbours) {
      const sum = explanation.shares.reduce((total: number, share: number) => total + share, 0);
      expect(Math.abs(sum - similarity)).toBeLessThan(1e-4);
    }
  });

  it('draws the explanation in the terminal and as a picture', async () => {
    const args = ['identify', CAT, '-c', 'mine', '--explain', '--heatmap', picture()];
    const { code, stdout } = await sandbox.run(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/comes from, .*:\n[ ░▒▓█\n]*█/);
    expect(await sharp(picture()).metadata()).toMatchObject({ format: 'png', width: 451, height: 300 });
  });

  it('refuses impossible combinations of options', async () => {
    const two = await sandbox.run(['identify', CAT, CAT, '-c', 'mine', '--heatmap', picture()]);
    expect(two).toMatchObject({ code: 2, stderr: expect.stringContaining('[usage]') });
    const five = await sandbox.run(['identify', CAT, '-c', 'mine', '--explain', '--views', '5']);
    expect(five).toMatchObject({ code: 2, stderr: expect.stringContaining('[invalid_request]') });
    const three = await sandbox.run(['identify', CAT, '-c', 'mine', '--views', '3']);
    expect(three).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Allowed choices are 1, flip, 5'),
    });
    const nowhere = path.join(sandbox.root, 'nowhere', 'why.png');
    const lost = await sandbox.run(['identify', CAT, '-c', 'mine', '--heatmap', nowhere]);
    expect(lost).toMatchObject({ code: 4, stderr: expect.stringContaining('cannot be written') });
  });
});

describe('pawdex embed', () => {
  it('averages views', async () => {
    const embedding = async (...args: string[]) =>
      lines((await sandbox.run(['embed', CAT, ...args])).stdout)[0].embedding;
    const flip = await embedding('--views', 'flip');
    expect(Math.hypot(...flip)).toBeCloseTo(1, 5);
    expect(flip).not.toEqual(await embedding());
  });

  it('prints unit vectors, the same for the same file', async () => {
    const { code, stdout } = await sandbox.run(['embed', CAT, CAT]);
    expect(code).toBe(0);
    const [first, second] = lines(stdout);
    expect(Object.keys(first)).toEqual(['file', 'embedding']);
    expect(Math.hypot(...first.embedding)).toBeCloseTo(1, 5);
    expect(second).toEqual(first);
  });

  it('keeps ONNX Runtime from storing a device id or usage log', async () => {
    const home = { HOME: sandbox.root, XDG_CACHE_HOME: path.join(sandbox.root, '.cache') };
    expect((await sandbox.run(['embed', CAT], home)).code).toBe(0);
    expect(existsSync(home.XDG_CACHE_HOME)).toBe(false);
  });

  it('ends quietly when the reader of its output goes away', async () => {
    const main = path.join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');
    const many = Array.from({ length: 40 }, () => `'${CAT}'`).join(' ');
    const script = `set -o pipefail; '${process.execPath}' '${main}' embed ${many} | head -c 10 > /dev/null`;
    const env = { ...process.env, PAWDEX_DATA_DIR: sandbox.dataDir, PAWDEX_GALLERY: '' };
    const { stderr } = await promisify(execFile)('bash', ['-c', script], { env });
    expect(stderr).toBe('');
  });
});

describe('pawdex', () => {
  it.each([
    [2, 'unknown command', ['frobnicate'], {}],
    [2, 'Specify at least one image', ['identify'], {}],
    [2, 'whole number from 1 to 1000', ['identify', CAT, '-k', '0'], {}],
    [2, 'whole number from 1 to 1000', ['identify', CAT, '-k', '5x'], {}],
    [2, 'There is no photo in the given paths.', ['embed', '.', '--include', '*.none'], {}],
    [2, 'above 0 and at most 1', ['train', '--learning-rate', 'high'], {}],
    [2, 'There is no run to resume', ['train', '--data', '.', '--out', 'nowhere', '--resume'], {}],
    [2, "required option '-c, --collection <name>'", ['index', '.'], {}],
    [2, '[set_invalid]', ['index', 'nowhere', '-c', 'mine'], {}],
    [2, '[invalid_request]', ['index', 'photos', '-c', '../up'], {}],
    [2, 'PAWDEX_PROT is not a setting', ['identify', CAT], { PAWDEX_PROT: '1' }],
    [2, 'PAWDEX_THREADS must be a number.', ['identify', CAT, '--threads', 'many'], {}],
    [2, 'is not the address of a server', ['identify', CAT, '--server', 'localhost:3000'], {}],
    [3, '[collection_not_found]', ['identify', CAT, '-c', 'nope'], {}],
    [4, '[server_unreachable]', ['identify', CAT], { PAWDEX_SERVER: 'http://127.0.0.1:9' }],
    [5, '[model_invalid]', ['identify', CAT, '--model', 'nowhere.json'], {}],
  ])('exits with %i and says "%s"', async (code, message, args, env) => {
    const ended = await sandbox.run(args, env);
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('    at ');
    expect(ended).toMatchObject({ code, stdout: '' });
  });

  it('exits with 0 for help and version, and prints a stack trace only with --verbose', async () => {
    expect(await sandbox.run(['--version'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\./),
    });
    const help = await sandbox.run(['index', '--help']);
    expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('--data-dir') });
    const verbose = await sandbox.run(['identify', CAT, '-c', 'nope', '--verbose']);
    expect(verbose.stderr).toContain('    at ');
  });
});
