import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;
let photos: string;

beforeAll(async () => {
  sandbox = await Sandbox.create();
  photos = await sandbox.photos('photos', 4);
});

afterAll(() => sandbox.remove());

const sizeOf = async (file: string) => {
  const { width, height, format } = await sharp(path.join(sandbox.root, file)).metadata();
  return { width, height, format };
};

describe('pawdex views', () => {
  it('draws a row for each photo, with the plain view first', async () => {
    const args = ['views', '--data', photos, '--photos', '3', '--views', '2', '--out', 'sheet.png'];
    const { code, stderr } = await sandbox.run(args);
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/Row 3: (even|odd), /) });
    // Pictures of 256 pixels, the shipped encoder's input, with gaps of 6.
    const [width, height] = [3 * 262 + 6, 3 * 262 + 6];
    expect(await sizeOf('sheet.png')).toEqual({ width, height, format: 'png' });
  });

  it('uses the given photos', async () => {
    const args = ['views', '--data', photos, '--views', '1', '--out', 'some.png', '--label', 'none'];
    const { code, stderr } = await sandbox.run([...args, '--include', 'even/*', '--exclude', '*0.png']);
    expect(code).toBe(0);
    expect(stderr.match(/Row \d: .*/g)).toEqual([expect.stringMatching(/^Row 1: even\/\d+\.png$/)]);
  });

  it('draws the views of a recipe', async () => {
    const recipe = path.join(sandbox.root, 'recipe.yaml');
    const backbone = { file: 'builtin:small-cnn', size: 64, pixels: { mean: 128, std: 64 } };
    const views = { crop: { area: [0.1, 0.2] } };
    await writeFile(
      recipe,
      JSON.stringify({ name: 'small', backbone, views, losses: [{ kind: 'sup-con' }] }),
    );
    const args = ['views', '--data', photos, '--photos', '2', '--views', '3', '--recipe', recipe];
    expect(await sandbox.run([...args, '--out', 'small.png'])).toMatchObject({ code: 0 });
    expect(await sizeOf('small.png')).toMatchObject({ width: 4 * 70 + 6, height: 2 * 70 + 6 });
    await writeFile(recipe, '{"views": {"crop": "all"}}');
    const { code, stderr } = await sandbox.run([...args, '--out', 'bad.png']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/\[config_invalid\]/);
  });

  it('continues after an unreadable photo, and says so', async () => {
    await writeFile(path.join(photos, 'odd', 'zz.png'), 'no image');
    const { code, stderr } = await sandbox.run([
      'views',
      '--data',
      photos,
      '--views',
      '1',
      '--out',
      'all.png',
    ]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/odd\/zz\.png: error: .*\[image_unsupported\]/);
    expect(await sizeOf('all.png')).toMatchObject({ height: 4 * 262 + 6 });
  });

  it('says that the sheet cannot be written', async () => {
    const { code, stderr } = await sandbox.run(['views', '--data', photos, '--out', 'nowhere/sheet.png']);
    expect(code).toBe(4);
    expect(stderr).toMatch(/cannot be written.*nowhere/);
  });
});
