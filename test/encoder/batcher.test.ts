import { describe, expect, it } from 'vitest';
import { Batcher } from '../../src/encoder/batcher.js';
import type { Place } from '../../src/encoder/encoder.js';

/** A batch function whose batches finish when told to; images are one byte, embeddings that byte times ten. */
function controlled() {
  const batches: {
    images: number[];
    lane: number;
    isNext: boolean;
    finish: () => void;
    fail: (error: Error) => void;
  }[] = [];
  const run = (images: Uint8Array[], lane: number, isNext: boolean) =>
    new Promise<Float32Array[]>((resolve, reject) => {
      batches.push({
        images: images.map((image) => image[0]!),
        lane,
        isNext,
        finish: () => resolve(images.map((image) => Float32Array.of(image[0]! * 10))),
        fail: reject,
      });
    });
  return { batches, run };
}

const image = (n: number) => Uint8Array.of(n);
const range = (length: number) => Array.from({ length }, (_, n) => n);
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Adds images one by one, each in a later turn of the event loop. @returns their answers, not awaited */
async function addInTurn<T>(batcher: Batcher<T>, images: number[], place?: Place): Promise<Promise<T>[]> {
  const answers: Promise<T>[] = [];
  for (const n of images) {
    answers.push(batcher.add(image(n), place));
    await settled();
  }
  return answers;
}

/** Finishes batches in order, until before `to`: by default also those that start meanwhile. */
async function finishBatches(batches: { finish: () => void }[], from = 0, to?: number): Promise<void> {
  for (let i = from; i < (to ?? batches.length); i++) {
    batches[i]!.finish();
    await settled();
  }
}

describe('Batcher', () => {
  it('sends a lone image immediately, and groups images that arrive meanwhile', async () => {
    const { batches, run } = controlled();
    const batcher = new Batcher(run, { sizes: [1, 2, 4], maxQueue: 100 });
    const answers = await addInTurn(batcher, [1, 2, 3, 4]);
    expect(batches.map((b) => b.images)).toEqual([[1], [2, 3]]);
    batches[0]!.finish();
    await settled();
    expect(batches).toHaveLength(2);
    batches[1]!.finish();
    await settled();
    batches[2]!.finish();
    expect(await Promise.all(answers)).toEqual([10, 20, 30, 40].map((n) => Float32Array.of(n)));
    expect(batcher.pending).toBe(0);
  });

  it('starts a second batch early if it has half of the images, and not while it may grow', async () => {
    const { batches, run } = controlled();
    const batcher = new Batcher(run, { sizes: [1, 2, 4], maxQueue: 100 });
    const answers = await addInTurn(batcher, range(9));
    expect(batches.map((b) => b.images)).toEqual([[0], [1, 2]]);
    batches[0]!.finish();
    await settled();
    expect(batches.slice(2).map((b) => b.images)).toEqual([[3, 4, 5, 6]]);
    batches[1]!.finish();
    await settled();
    expect(batches).toHaveLength(3);
    await finishBatches(batches, 2, 4);
    await Promise.all(answers);
    expect(batches.map((b) => b.images.length)).toEqual([1, 2, 4, 2]);
  });

  it('refuses images when the queue is full, and continues afterwards', async () => {
    const { batches, run } = controlled();
    const batcher = new Batcher(run, { sizes: [1], maxQueue: 1 });
    const accepted = await addInTurn(batcher, [1, 2, 3]);
    await expect(batcher.add(image(4))).rejects.toMatchObject({ code: 'overloaded', retryAfter: 1 });
    await finishBatches(batches, 0, 3);
    expect(await Promise.all(accepted)).toEqual([10, 20, 30].map((n) => Float32Array.of(n)));
    const later = batcher.add(image(5));
    await settled();
    batches[3]!.finish();
    expect(await later).toEqual(Float32Array.of(50));
  });

  it('fails only the images of a failed batch', async () => {
    const { batches, run } = controlled();
    const batcher = new Batcher(run, { sizes: [1], maxQueue: 10 });
    const [first, second] = await addInTurn(batcher, [1, 2]);
    batches[0]!.fail(new Error('no luck'));
    await expect(first).rejects.toThrow('no luck');
    await settled();
    batches[1]!.finish();
    expect(await second).toEqual(Float32Array.of(20));
  });

  it('finishes accepted work on close and refuses new work', async () => {
    const { batches, run } = controlled();
    const batcher = new Batcher(run, { sizes: [1], maxQueue: 10 });
    const answer = batcher.add(image(7));
    await settled();
    let closed = false;
    const closing = batcher.close().then(() => {
      closed = true;
    });
    await expect(batcher.add(image(8))).rejects.toMatchObject({ code: 'shutting_down' });
    await settled();
    expect(closed).toBe(false);
    batches[0]!.finish();
    await closing;
    expect(await answer).toEqual(Float32Array.of(70));
  });

  describe('with lanes', () => {
    const opened = (sizes = [1, 2]) => {
      const { batches, run } = controlled();
      return { batches, batcher: new Batcher(run, { sizes, maxQueue: 100, lanes: 2 }) };
    };
    const seen = (batches: { lane: number; images: number[] }[]) =>
      batches.map(({ lane, images }) => [lane, ...images]);

    it('computes lone images with all threads', async () => {
      const { batches, batcher } = opened();
      for (const n of [1, 2, 3]) {
        const answer = batcher.add(image(n));
        await settled();
        batches.at(-1)!.finish();
        expect(await answer).toEqual(Float32Array.of(n * 10));
        await settled();
      }
      expect(batches.map((b) => b.lane)).toEqual([0, 0, 0]);
    });

    it('shares waiting images among idle lanes, and never computes with all threads meanwhile', async () => {
      const { batches, batcher } = opened([1, 2, 4]);
      const answers = await addInTurn(batcher, range(5));
      expect(seen(batches)).toEqual([[0, 0]]);
      batches[0]!.finish();
      await settled();
      expect(seen(batches.slice(1))).toEqual([
        [1, 1, 2],
        [2, 3, 4],
      ]);
      batches[2]!.finish();
      await settled();
      // Lane 1 still computes: what comes now is the other's, though nothing else waits.
      const late = batcher.add(image(5));
      await settled();
      expect(seen(batches.slice(3))).toEqual([[2, 5]]);
      batches[1]!.finish();
      batches[3]!.finish();
      await settled();
      const last = batcher.add(image(6));
      await settled();
      expect(seen(batches.slice(4))).toEqual([[0, 6]]);
      batches[4]!.finish();
      expect(await Promise.all([...answers, late, last])).toEqual(
        [0, 1, 2, 3, 4, 5, 6].map((n) => Float32Array.of(n * 10)),
      );
      expect(batcher.pending).toBe(0);
    });

    it('keeps exactly one full batch ready for each lane', async () => {
      const { batches, batcher } = opened();
      const answers = await addInTurn(batcher, range(12));
      batches[0]!.finish();
      await settled();
      expect(seen(batches.slice(1))).toEqual([
        [1, 1, 2],
        [2, 3, 4],
        [1, 5, 6],
        [2, 7, 8],
      ]);
      await finishBatches(batches, 1);
      await Promise.all(answers);
      expect(batches.flatMap((b) => b.images)).toEqual(range(12));
    });

    it('computes a lone urgent image with all threads beside lanes that do bulk work', async () => {
      const { batches, batcher } = opened();
      const bulk = await addInTurn(batcher, range(5), 'bulk');
      batches[0]!.finish();
      await settled();
      const urgent = batcher.add(image(9));
      await settled();
      expect(seen(batches)).toEqual([
        [0, 0],
        [1, 1, 2],
        [2, 3, 4],
        [0, 9],
      ]);
      for (const batch of batches) {
        batch.finish();
      }
      expect(await urgent).toEqual(Float32Array.of(90));
      await Promise.all(bulk);
      await batcher.close();
    });

    it('lets urgent images overtake bulk work, which still gets a turn now and then', async () => {
      const { batches, batcher } = opened([1]);
      const bulk = await addInTurn(
        batcher,
        range(6).map((n) => 100 + n),
        'bulk',
      );
      const urgent = await addInTurn(batcher, range(20));
      await finishBatches(batches);
      await Promise.all([...bulk, ...urgent]);
      const order = batches.flatMap(({ images }) => images);
      // One was begun before anybody urgent came; then one batch in eight is bulk work until only that is left.
      expect(order.flatMap((n, at) => (n >= 100 ? [at] : []))).toEqual([0, 8, 16, 23, 24, 25]);
      expect(order.filter((n) => n < 100)).toEqual(range(20));
    });

    it('hands more of a photo that had its turn to a busy lane at once, together', async () => {
      const { batches, batcher } = opened();
      const answers = await addInTurn(batcher, range(10));
      batches[0]!.finish();
      await settled();
      answers.push(batcher.add(image(10), 'next'), batcher.add(image(11), 'next'));
      await settled();
      expect(seen(batches.slice(1))).toEqual([
        [1, 1, 2],
        [2, 3, 4],
        [1, 5, 6],
        [2, 7, 8],
        [1, 10, 11],
      ]);
      expect(batches.map(({ isNext }) => isNext)).toEqual([false, false, false, false, false, true]);
      await finishBatches(batches, 1);
      await Promise.all(answers);
    });

    it('computes more of a photo with all threads if nobody else waits', async () => {
      const { batches, batcher } = opened();
      const answers = [10, 11].map((n) => batcher.add(image(n), 'next'));
      await settled();
      expect(seen(batches)).toEqual([[0, 10, 11]]);
      batches[0]!.finish();
      await Promise.all(answers);
    });

    it('shares images that arrive together among idle lanes', async () => {
      const { batches, batcher } = opened();
      const answers = range(5).map((n) => batcher.add(image(n)));
      await settled();
      expect(seen(batches)).toEqual([
        [1, 0, 1],
        [2, 2, 3],
      ]);
      await finishBatches(batches);
      await Promise.all(answers);
    });

    it('fails only the images of a lane that fails, and uses the lane again', async () => {
      const { batches, batcher } = opened([1]);
      const answers = await addInTurn(batcher, range(3));
      batches[0]!.finish();
      await settled();
      batches[1]!.fail(new Error('no luck'));
      await expect(answers[1]).rejects.toThrow('no luck');
      const later = batcher.add(image(3));
      await settled();
      expect(seen(batches.slice(2))).toEqual([
        [2, 2],
        [1, 3],
      ]);
      batches[2]!.finish();
      batches[3]!.finish();
      expect(await later).toEqual(Float32Array.of(30));
      await batcher.close();
    });
  });
});
