import { expect, it } from 'vitest';
import { createPatientEngine } from '../../src/client/patient-engine.js';
import { PawdexError } from '../../src/errors.js';
import { MemoryEngine } from '../helpers/memory-engine.js';

const image = Buffer.from('a photo');
const patience = { patienceMs: 60_000 };

async function createEngines() {
  const lost = new MemoryEngine();
  lost.addItems = async () => {
    throw new PawdexError('server_unreachable');
  };
  const found = new MemoryEngine();
  await found.createCollection('mine');
  return { lost, found };
}

it('continues with the engine after a restart', async () => {
  const { lost, found } = await createEngines();
  const waits: number[] = [];
  let attempts = 0;
  const reconnect = async () => {
    if (attempts++ === 0) {
      throw new PawdexError('starting');
    }
    return found;
  };
  const engine = createPatientEngine(lost, reconnect, { ...patience, onWait: (_, ms) => waits.push(ms) });
  expect(await engine.addItems('mine', [{ image }])).toMatchObject([{ status: 'created' }]);
  expect(waits).toEqual([1000, 2000]);
  expect((await engine.store.getCollection('mine')).count).toBe(1);
});

it('gives up after its time limit, and immediately on other errors', async () => {
  const { lost, found } = await createEngines();
  const hasty = createPatientEngine(lost, async () => lost, { patienceMs: 0 });
  await expect(hasty.addItems('mine', [{ image }])).rejects.toMatchObject({ code: 'server_unreachable' });
  const engine = createPatientEngine(found, async () => found, patience);
  await expect(engine.addItems('nope', [{ image }])).rejects.toMatchObject({ code: 'collection_not_found' });
});

it('stops waiting when the signal is aborted', async () => {
  const { lost } = await createEngines();
  const controller = new AbortController();
  const engine = createPatientEngine(lost, async () => lost, { ...patience, signal: controller.signal });
  const adding = engine.addItems('mine', [{ image }]);
  controller.abort();
  await expect(adding).rejects.toMatchObject({ code: 'server_unreachable' });
});
