import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT, parseConfig } from '../../src/config.js';
import type { Explanation, Neighbour } from '../../src/engine/engine.js';
import { type LocalEngine, openLocalEngine } from '../../src/engine/local-engine.js';
import { cosine, sceneJpeg, turnedJpeg } from '../helpers/images.js';

const chelsea = () => readFile(path.join(PACKAGE_ROOT, 'test/fixtures/chelsea/chelsea.png'));
const total = ({ shares }: Explanation) => shares.reduce((sum, share) => sum + share, 0);

let dir: string;
let engine: LocalEngine;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-test-'));
  engine = await openLocalEngine({
    config: { ...parseConfig({}, {}), DATA_DIR: dir, GALLERY: '', MAX_QUEUE: 3 },
  });
  await engine.createCollection('mine');
  const scenes = await Promise.all([1, 2, 3, 4].map((seed) => sceneJpeg(300, 240, seed)));
  for (const [i, image] of [...scenes, await chelsea()].entries()) {
    await engine.addItems('mine', [{ image, label: i < 4 ? 'scene' : 'cat' }]);
  }
});
afterAll(async () => {
  await engine.close();
  await rm(dir, { recursive: true });
});

const nearest = async (image: Buffer, more: object = {}) =>
  (await engine.identify(image, { collection: 'mine', explain: true, ...more }))
    .neighbours[0] as Neighbour & {
    explanation: Explanation;
  };

describe('an answer with explanations', () => {
  it('distributes each similarity completely among the cells', async () => {
    for (const views of ['1', 'flip'] as const) {
      const answer = await engine.identify(await chelsea(), { collection: 'mine', explain: true, views });
      expect(answer.neighbours).toHaveLength(5);
      for (const { similarity, explanation } of answer.neighbours) {
        expect(explanation!.shares).toHaveLength(explanation!.rows * explanation!.columns);
        expect(Math.abs(total(explanation!) - similarity)).toBeLessThan(1e-4);
      }
    }
  });

  it('is otherwise the same answer', async () => {
    const plain = await engine.identify(await chelsea(), { collection: 'mine' });
    const { timing: _, ...explained } = await engine.identify(await chelsea(), {
      collection: 'mine',
      explain: true,
    });
    expect(plain.neighbours.every((neighbour) => !('explanation' in neighbour))).toBe(true);
    expect(explained).toMatchObject({ decision: plain.decision, breed: plain.breed });
    expect(explained.neighbours.map(({ id }) => id)).toEqual(plain.neighbours.map(({ id }) => id));
    explained.neighbours.forEach(({ similarity }, i) => {
      expect(Math.abs(similarity - plain.neighbours[i]!.similarity)).toBeLessThan(1e-3);
    });
  });

  it('is available for a search by image only', async () => {
    const { neighbours } = await engine.search('mine', { image: await chelsea() }, { k: 2, explain: true });
    for (const { similarity, explanation } of neighbours) {
      expect(Math.abs(total(explanation!) - similarity)).toBeLessThan(1e-4);
    }
    const { id } = neighbours[0]!;
    for (const options of [{ explain: true }, { views: 'flip' as const }]) {
      await expect(engine.search('mine', { id }, { k: 2, ...options })).rejects.toMatchObject({
        code: 'invalid_request',
      });
    }
    expect(
      (await engine.search('mine', { id }, { k: 2, explain: false, views: '1' })).neighbours,
    ).toHaveLength(2);
  });

  it('names the part of the photo that its cells cover', async () => {
    const { explanation } = await nearest(await sceneJpeg(400, 200));
    const wide = explanation.region;
    // Off the middle of the square, where padding is at the far side alone, by half a cell at most.
    const cell = wide.height / explanation.rows;
    expect(Math.abs(wide.top + wide.height / 2 - 0.5)).toBeLessThanOrEqual(cell / 2);
    expect(Math.abs(wide.left + wide.width / 2 - 0.5)).toBeLessThanOrEqual(cell / 4);
    expect(wide.width * 400).toBeCloseTo(wide.height * 200, 6);
    expect(wide.height).toBeGreaterThanOrEqual(1);
    expect(wide.height).toBeLessThan(1.5);
    const tall = (await nearest(await sceneJpeg(200, 400))).explanation.region;
    expect(tall.width).toBeCloseTo(wide.height, 6);
    // Upright: a photo stored on its side is explained as it is seen.
    const turned = (await nearest(await turnedJpeg(6))).explanation.region;
    expect(turned.width).toBeLessThan(turned.height);
    // With its mirror image, whose cells are off on the other side, a photo's are in the middle.
    const both = (await nearest(await sceneJpeg(400, 200), { views: 'flip' })).explanation.region;
    expect(both).toEqual({ ...wide, left: expect.closeTo(0.5 - wide.width / 2, 6) });
  });

  it('follows the animal to its side of a collage', async () => {
    const half = await sharp(await chelsea())
      .resize(200, 400)
      .toBuffer();
    const cat = (await engine.search('mine', { image: await chelsea() }, { k: 1 })).neighbours[0]!.id;
    for (const left of [0, 200]) {
      const collage = await sharp({ create: { width: 400, height: 400, channels: 3, background: '#888888' } })
        .composite([{ input: half, left, top: 0 }])
        .png()
        .toBuffer();
      const { neighbours } = await engine.search('mine', { image: collage }, { k: 5, explain: true });
      const { columns, shares } = neighbours.find(({ id }) => id === cat)!.explanation!;
      const [leftHalf, rightHalf] = [0, 0].map((_, side) =>
        shares.reduce((sum, share, cell) => {
          const column = cell % columns;
          return sum + ((side === 0 ? column < columns / 2 - 0.5 : column > columns / 2 - 0.5) ? share : 0);
        }, 0),
      );
      expect(left === 0 ? leftHalf! - rightHalf! : rightHalf! - leftHalf!).toBeGreaterThan(0);
    }
  });

  it('is not available with five views', async () => {
    const asked = engine.identify(await chelsea(), { collection: 'mine', explain: true, views: '5' });
    await expect(asked).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('a heat map', () => {
  it('is a picture of the photo, upright', async () => {
    const { id } = await nearest(await chelsea());
    const png = await engine.drawHeatMap(await chelsea(), { collection: 'mine', neighbour: id });
    expect(await sharp(png).metadata()).toMatchObject({ format: 'png', width: 451, height: 300 });
    const turned = await engine.drawHeatMap(await turnedJpeg(6), {
      collection: 'mine',
      neighbour: id,
      views: 'flip',
    });
    expect(await sharp(turned).metadata()).toMatchObject({ width: 320, height: 240 });
  });

  it('needs an item and a photo', async () => {
    const { id } = await nearest(await chelsea());
    const asked = async (image: Buffer, collection: string, neighbour: string) =>
      engine.drawHeatMap(image, { collection, neighbour });
    await expect(asked(await chelsea(), 'mine', 'nobody')).rejects.toMatchObject({ code: 'item_not_found' });
    await expect(asked(await chelsea(), 'nowhere', id)).rejects.toMatchObject({
      code: 'collection_not_found',
    });
    await expect(asked(Buffer.from('just words here'), 'mine', id)).rejects.toMatchObject({
      code: 'image_unsupported',
    });
  });
});

describe('views', () => {
  it('are the same for a photo and its mirror image', async () => {
    const mirror = await sharp(await chelsea())
      .flop()
      .png()
      .toBuffer();
    const flip = async (image: Buffer) => (await engine.embed(image, { views: 'flip' })).embedding;
    const embedding = await flip(await chelsea());
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    const { embedding: asIs } = await engine.embed(await chelsea());
    const { embedding: mirrored } = await engine.embed(mirror);
    // Not quite 1: the centre square of a mirrored photo can lie a pixel beside the mirrored centre square.
    expect(cosine(embedding, await flip(mirror))).toBeGreaterThan(0.99);
    expect(cosine(asIs, mirrored)).toBeLessThan(cosine(embedding, await flip(mirror)));
    expect(cosine(embedding, asIs)).toBeCloseTo(cosine(embedding, mirrored), 2);
  });

  it('change nothing for a symmetric photo', async () => {
    const { size } = engine.encoder.resize;
    const left = await sharp(await chelsea())
      .resize(size / 2, size)
      .png()
      .toBuffer();
    const right = await sharp(left).flop().png().toBuffer();
    const symmetric = await sharp({ create: { width: size, height: size, channels: 3, background: '#000' } })
      .composite([
        { input: left, left: 0, top: 0 },
        { input: right, left: size / 2, top: 0 },
      ])
      .png()
      .toBuffer();
    const { embedding: one } = await engine.embed(symmetric);
    const { embedding: flip } = await engine.embed(symmetric, { views: 'flip' });
    const { embedding: five } = await engine.embed(symmetric, { views: '5' });
    expect(cosine(one, flip)).toBeGreaterThan(0.99999);
    // It is a square of the encoder's size: every other view shows the same.
    expect(cosine(one, five)).toBeGreaterThan(0.999);
  });

  it('are answered by identify and search, and admitted even if they exceed the queue', async () => {
    const photo = await chelsea();
    const alone = await engine.identify(photo, { collection: 'mine' });
    const five = await engine.identify(photo, { collection: 'mine', views: '5' });
    expect(five.neighbours[0]!.id).toBe(alone.neighbours[0]!.id);
    expect(five.neighbours[0]!.similarity).toBeLessThan(alone.neighbours[0]!.similarity);
    const { neighbours } = await engine.search('mine', { image: photo }, { k: 1, views: '5' });
    expect(neighbours[0]!.similarity).toBeCloseTo(five.neighbours[0]!.similarity, 5);
    const together = await Promise.allSettled([1, 2].map(() => engine.embed(photo, { views: '5' })));
    expect(together.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
    expect((together[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'overloaded' });
    expect(engine.load.pending).toBe(0);
  });
});
