import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decode, prepareImage, type ResizeRule } from '../../src/image/decode.js';
import { WeightedSemaphore } from '../../src/image/weighted-semaphore.js';
import { scene, sceneAs } from '../helpers/images.js';

const rule: ResizeRule = { size: 64, fit: 'cover', kernel: 'cubic' };
const limits = { maxPixels: 2e8 };
const flat = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#a08060' }, limitInputPixels: false });
const large = (width: number, height: number) => scene(400, 300).resize(width, height, { fit: 'fill' });

const apart = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

/** Processes that this one has started; Linux only. */
const childProcesses = (): number[] =>
  readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );

/** Opens files until the system refuses, decodes the image beside it, closes them, and decodes it again. */
const WITHOUT_FILES = `
  import { closeSync, openSync, readFileSync } from 'node:fs';
  const [decoder, file] = process.argv.slice(1);
  const { decode } = await import(decoder);
  const bytes = readFileSync(file);
  const held = [];
  try { for (;;) held.push(openSync('/dev/null')); } catch {}
  const rule = { size: 64, fit: 'cover', kernel: 'cubic' };
  const tried = () => decode(bytes, rule, { maxPixels: 2e8 }).then(() => 'decoded', ({ code }) => code);
  const first = await tried();
  held.forEach((fd) => closeSync(fd));
  console.log(first, await tried());
`;

describe('images that take much memory', () => {
  it.runIf(process.platform === 'linux')(
    'are refused temporarily, rather than as damaged, while no process can be started for them',
    async () => {
      const dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-files-'));
      const file = path.join(dir, 'large.jpg');
      await writeFile(file, await large(4000, 4000).jpeg({ progressive: true }).toBuffer());
      const decoder = new URL('../../dist/image/decode.js', import.meta.url).href;
      const run = 'ulimit -n 200; exec "$@"';
      const args = [
        '-c',
        run,
        'sh',
        process.execPath,
        '--input-type=module',
        '-e',
        WITHOUT_FILES,
        decoder,
        file,
      ];
      const { stdout } = await promisify(execFile)('sh', args);
      expect(stdout.trim()).toBe('overloaded decoded');
      await rm(dir, { recursive: true });
    },
  );

  it('accepts a baseline JPEG of 108 megapixels, which is reduced while decoding', async () => {
    const photo = await flat(12_032, 9_024).jpeg().toBuffer();
    const before = process.memoryUsage.rss();
    const colour = [...(await decode(photo, rule, limits)).subarray(0, 3)];
    expect(apart(Uint8Array.from(colour), Uint8Array.of(160, 128, 96))).toBeLessThan(3);
    expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20);
  });

  it('refuses what needs more memory than the budget by its header, and says how much', async () => {
    const avif = await sceneAs('avif');
    const size = avif.indexOf('ispe');
    avif.writeUInt32BE(10_000, size + 8);
    avif.writeUInt32BE(10_000, size + 12);
    await expect(decode(avif, rule, limits)).rejects.toMatchObject({
      code: 'image_too_large',
      message: expect.stringMatching(/takes \d+ MiB; the limit is 312 MiB/),
    });
  });

  it('decodes an image again when the budget is raised', async () => {
    const gif = await flat(2500, 2500).gif().toBuffer();
    await expect(decode(gif, rule, { ...limits, maxBytes: 2 ** 25 })).rejects.toMatchObject({
      code: 'image_too_large',
    });
    expect(await decode(gif, rule, { ...limits, maxBytes: 2 ** 27 })).toHaveLength(64 * 64 * 3);
  });

  it.each(['jpeg', 'png', 'webp'] as const)(
    'decodes a large %s in another process to the same picture',
    async (format) => {
      const options = {
        jpeg: { progressive: true },
        png: { progressive: true },
        webp: { lossless: true, effort: 0 },
      };
      const [bytes, baseline] = await Promise.all([
        large(4200, 3200).toFormat(format, options[format]).toBuffer(),
        large(4200, 3200).jpeg({ quality: 95 }).toBuffer(),
      ]);
      const image = await prepareImage(bytes, limits);
      expect(image.raw).toMatchObject({ width: 2048, channels: 3 });
      expect(apart(await decode(bytes, rule, limits), await decode(baseline, rule, limits))).toBeLessThan(2);
    },
  );

  it('turns a large photo upright', async () => {
    const stored = await large(3200, 4200).rotate(270).png().toBuffer();
    const turned = await sharp(stored)
      .withMetadata({ orientation: 6 })
      .jpeg({ progressive: true })
      .toBuffer();
    const upright = await large(3200, 4200).jpeg({ quality: 95 }).toBuffer();
    expect(apart(await decode(turned, rule, limits), await decode(upright, rule, limits))).toBeLessThan(3);
  });

  it.skipIf(process.platform !== 'linux')('survives the death of the process that decodes', async () => {
    const heic = await readFile(new URL('../fixtures/heic/quarters.heic', import.meta.url));
    const whole = await decode(heic, rule, limits);
    const dying = [decode(heic, rule, limits), decode(heic, rule, limits)];
    for (const pid of childProcesses()) {
      process.kill(pid, 'SIGKILL');
    }
    for (const pixels of await Promise.all(dying)) {
      expect(pixels).toEqual(whole);
    }
  });

  it.skipIf(process.platform !== 'linux')(
    'does not call an image damaged because the system kills each process that decodes it',
    async () => {
      const heic = await readFile(new URL('../fixtures/heic/quarters.heic', import.meta.url));
      const dying = decode(heic, rule, limits).then(
        () => 'decoded',
        (error) => error.code,
      );
      let outcome: string | null = null;
      dying.then((settled) => {
        outcome = settled;
      });
      while (outcome === null) {
        for (const pid of childProcesses()) {
          process.kill(pid, 'SIGKILL');
        }
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      expect(outcome).toBe('overloaded');
    },
  );

  it('refuses another large image when the queue is full, and accepts ordinary ones', async () => {
    const gif = await flat(4000, 4000).gif().toBuffer();
    const few = { ...limits, maxLargeWaiting: 1 };
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => decode(gif, rule, few)));
    const codes = outcomes.map((outcome) => (outcome.status === 'rejected' ? outcome.reason.code : 'ok'));
    expect(new Set(codes)).toEqual(new Set(['ok', 'overloaded']));
    expect(await decode(await sceneAs('jpeg'), rule, few)).toHaveLength(64 * 64 * 3);
  });
});

describe('a weighted semaphore', () => {
  const later = () => new Promise<void>((resolve) => setImmediate(resolve));

  it('never admits more than its limit, and starts in order', async () => {
    const semaphore = new WeightedSemaphore();
    const order: number[] = [];
    let running = 0;
    const totals: number[] = [];
    const weights = [5, 5, 8, 1, 1, 20, 3];
    const work = (weight: number, n: number) => async () => {
      order.push(n);
      running += weight;
      totals.push(running);
      await later();
      running -= weight;
    };
    await Promise.all(weights.map((weight, n) => semaphore.run(weight, 10, work(weight, n))));
    expect(order).toEqual(weights.map((_, n) => n));
    expect(totals).toEqual([5, 10, 8, 9, 10, 20, 3]);
  });

  it('returns its weight when work fails', async () => {
    const semaphore = new WeightedSemaphore();
    await expect(semaphore.run(3, 3, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    const started: number[] = [];
    const work = (n: number) => async () => {
      started.push(n);
      await later();
      return [...started];
    };
    expect((await Promise.all([semaphore.run(1, 3, work(1)), semaphore.run(2, 3, work(2))]))[0]).toEqual([
      1, 2,
    ]);
  });
});
