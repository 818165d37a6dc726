import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT, parseConfig } from '../../src/config.js';
import { type LocalEngine, openLocalEngine } from '../../src/engine/local-engine.js';
import { createRandom } from '../../src/math/random.js';

const PETSET = path.join(PACKAGE_ROOT, '..', 'shared', 'petset');

describe('a cat at the edge of a wide photo', () => {
  let engine: LocalEngine;
  let dataDir: string;
  let wide: Buffer;
  const asking = { collection: 'breeds' };

  beforeAll(async () => {
    dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-look-'));
    engine = await openLocalEngine({
      config: { ...parseConfig({}, {}), DATA_DIR: dataDir, THREADS: 2, MAX_QUEUE: 8 },
    });
    const cat = await readFile(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png'));
    const square = await sharp(cat).resize(300, 300).toBuffer();
    wide = await sharp({ create: { width: 1100, height: 300, channels: 3, background: '#7a8a6a' } })
      .composite([{ input: square, left: 0, top: 0 }])
      .png()
      .toBuffer();
  });

  afterAll(async () => {
    await engine?.close();
    await rm(dataDir, { recursive: true });
  });

  it('is found by the second look, which the answer names', async () => {
    const { region, known, decision } = await engine.identify(wide, asking);
    expect(decision).not.toBe('unknown');
    expect(known).toBeGreaterThan(0.5);
    expect(region.left).toBe(0);
    expect(region.width).toBeCloseTo(300 / 1100, 5);
    expect(region.height).toBeCloseTo(1, 5);
  });

  it('is found by a close-up if it is small', async () => {
    const cat = await sharp(await readFile(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png')))
      .resize(130, 130)
      .toBuffer();
    const random = createRandom(7);
    const below = (limit: number) => Math.floor(random() * limit);
    const boxes = Array.from({ length: 12 }, () => {
      const [width, height] = [20 + below(160), 20 + below(160)];
      const background = { r: below(256), g: below(256), b: below(256) };
      return {
        input: { create: { width, height, channels: 3 as const, background } },
        left: below(640 - width),
        top: below(480 - height),
      };
    });
    const room = await sharp({ create: { width: 640, height: 480, channels: 3, background: '#33aa66' } })
      .composite([...boxes, { input: cat, left: 300, top: 40 }])
      .png()
      .toBuffer();
    const { region, decision, known, neighbours } = await engine.identify(room, {
      ...asking,
      explain: true,
    });
    expect(decision).not.toBe('unknown');
    expect(known).toBeGreaterThan(0.8);
    expect(region.width * 640).toBeCloseTo(192, 0);
    const overlap = (start: number, cat: number) => Math.min(start + 192, cat + 130) - Math.max(start, cat);
    expect(overlap(region.left * 640, 300)).toBeGreaterThan(100);
    expect(overlap(region.top * 480, 40)).toBeGreaterThan(100);
    const { explanation } = neighbours[0]!;
    expect(explanation!.region.left).toBeGreaterThan(region.left - 0.05);
    const once = await engine.identify(room, {
      ...asking,
      region: { left: 0, top: 0, width: 1, height: 1 },
    });
    expect(once.known).toBeLessThan(0.5);
  });

  it('is answered the same with an explanation, which shows the part looked at', async () => {
    const asked = await engine.identify(wide, asking);
    const { region, neighbours } = await engine.identify(wide, { ...asking, explain: true });
    expect(region).toEqual(asked.region);
    expect(neighbours.map(({ id }) => id)).toEqual(asked.neighbours.map(({ id }) => id));
    const { similarity, explanation } = neighbours[0]!;
    expect(explanation!.region.left + explanation!.region.width).toBeLessThan(0.35);
    expect(explanation!.shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(similarity, 2);
  });

  it('gets its second look however many wait: an admitted photo is not refused halfway', async () => {
    const square = await sharp(wide).extract({ left: 0, top: 0, width: 300, height: 300 }).png().toBuffer();
    const asked = Promise.all(Array.from({ length: 5 }, () => engine.identify(wide, asking)));
    while (engine.load.pending < 5) {
      await new Promise(setImmediate);
    }
    // As many more as are let in, again and again.
    let isBusy = true;
    const others = Array.from({ length: 4 }, async () => {
      while (isBusy) {
        await engine.embed(square).catch(() => new Promise(setImmediate));
      }
    });
    try {
      expect((await asked).map(({ region }) => region.left)).toEqual([0, 0, 0, 0, 0]);
    } finally {
      isBusy = false;
      await Promise.all(others);
    }
  });

  it.skipIf(!existsSync(PETSET))('is found, as is a dog beside it (needs ../shared/petset)', async () => {
    const side = async (breed: string, nth: number) => {
      const photos = (await readFile(path.join(PETSET, 'manifest.csv'), 'utf8'))
        .split('\n')
        .map((line) => line.split(','))
        .filter(([, , label, split]) => label === breed && split === 'test');
      return sharp(path.join(PETSET, photos[nth]![0]!)).resize(400, 400).toBuffer();
    };
    const both = await sharp({ create: { width: 800, height: 400, channels: 3, background: '#fff' } })
      .composite([
        { input: await side('siamese', 0), left: 0, top: 0 },
        { input: await side('beagle', 0), left: 400, top: 0 },
      ])
      .jpeg()
      .toBuffer();
    const alone = await engine.identify(both, asking);
    const { animals, breed, region } = await engine.identify(both, { ...asking, animals: true });
    expect(animals.map((animal) => animal.breed).sort()).toEqual(['beagle', 'siamese']);
    expect({ breed, region }).toEqual({ breed: alone.breed, region: alone.region });
  });

  it('is not found if only the middle may be looked at', async () => {
    const { region, decision } = await engine.identify(wide, { ...asking, views: 'flip' });
    expect(decision).toBe('unknown');
    expect(region.left).toBeCloseTo(400 / 1100, 5);
  });

  it('is found in a region that the caller names, in every kind of request', async () => {
    const part = { left: 0, top: 0, width: 300 / 1100, height: 1 };
    const asked = await engine.identify(wide, { ...asking, region: part, explain: true });
    const found = await engine.identify(wide, asking);
    expect(asked.neighbours[0]!.id).toBe(found.neighbours[0]!.id);
    expect(asked.region.width).toBeCloseTo(part.width, 5);
    const { region } = asked.neighbours[0]!.explanation!;
    expect(region.left + region.width).toBeLessThan(0.35);

    const { neighbours } = await engine.search('breeds', { image: wide }, { k: 1, region: part });
    expect(neighbours[0]!.id).toBe(asked.neighbours[0]!.id);
    const { embedding } = await engine.embed(wide, { region: part });
    const [again] = (await engine.search('breeds', { vector: embedding }, { k: 1 })).neighbours;
    expect(again!.id).toBe(asked.neighbours[0]!.id);
    const picture = await engine.drawHeatMap(wide, { ...asking, neighbour: again!.id, region: part });
    expect(await sharp(picture).metadata()).toMatchObject({ width: 300, height: 300 });
  });

  it('is refused if the region extends beyond the photo or is nearly empty', async () => {
    for (const region of [
      { left: 0.5, top: 0, width: 0.6, height: 1 },
      { left: 0, top: 0, width: 0.01, height: 1 },
    ]) {
      await expect(engine.identify(wide, { ...asking, region })).rejects.toMatchObject({
        code: 'region_invalid',
      });
    }
  });
});
