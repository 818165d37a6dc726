import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PACKAGE_ROOT } from '../../src/config.js';
import type { EncoderInfo } from '../../src/encoder/encoder.js';
import { loadCard } from '../../src/encoder/model-card.js';
import { loadGallery, readGallery } from '../../src/engine/load-gallery.js';
import { sniff } from '../../src/image/sniff.js';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import type { NewItem, Store } from '../../src/store/store.js';

const DIMENSION = 4;
const encoderOf = (fingerprint: string): EncoderInfo => ({
  name: `encoder ${fingerprint}`,
  fingerprint,
  dimension: DIMENSION,
  resize: { size: 64, fit: 'cover', kernel: 'cubic' },
});
const hash = (text: string) => createHash('sha256').update(text).digest('hex');

function gallery(fingerprint: string, names: string[], dimension = DIMENSION): Buffer {
  const column = (name: string, data: unknown[]) => ({ name, data });
  const vector = (name: string) => {
    const digest = createHash('sha256').update(name).digest();
    return Array.from({ length: dimension }, (_, i) => digest[i]! - 127.5);
  };
  return Buffer.from(
    parquetWriteBuffer({
      columnData: [
        column(
          'id',
          names.map((n) => hash(n).slice(0, 32)),
        ),
        column(
          'label',
          names.map((n) => n.replace(/\d+$/, '')),
        ),
        column(
          'species',
          names.map(() => 'cat'),
        ),
        column(
          'source',
          names.map((n) => `set/${n}.jpg`),
        ),
        column(
          'licence',
          names.map(() => 'CC0'),
        ),
        column('sha256', names.map(hash)),
        column(
          'size',
          names.map(() => 1000),
        ),
        column('embedding', names.map(vector)),
      ],
      schema: [
        { name: 'root', num_children: 8 },
        ...['id', 'label', 'species', 'source', 'licence', 'sha256'].map((name) => ({
          name,
          type: 'BYTE_ARRAY' as const,
          converted_type: 'UTF8' as const,
          repetition_type: 'REQUIRED' as const,
        })),
        { name: 'size', type: 'INT32', repetition_type: 'REQUIRED' },
        { name: 'embedding', repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
      ],
      kvMetadata: [{ key: 'pawdex.fingerprint', value: fingerprint }],
    }),
  );
}

describe('the shipped gallery', () => {
  let dir: string;
  let file: string;
  let store: Store;

  beforeEach(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'pawdex-test-'));
    file = path.join(dir, 'gallery.parquet');
    store = await openEmbeddedStore({ dataDir: path.join(dir, 'data') });
  });
  afterEach(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  const load = async (bytes: Buffer, encoder: EncoderInfo) => {
    await writeFile(file, bytes);
    return loadGallery(file, store, encoder);
  };
  const own = (name: string): NewItem => ({
    id: hash(name).slice(0, 32),
    label: 'mine',
    source: null,
    sha256: hash(name),
    size: 1,
    metadata: {},
    thumbnail: null,
    vector: Float32Array.of(1, 2, 3, 4),
  });
  const sources = async () =>
    (await store.listItems('breeds', { limit: 100 })).items.map((item) => item.source ?? item.label).sort();

  it('is loaded once, and later deletions are kept', async () => {
    const bytes = gallery('f1', ['manx1', 'manx2', 'sphynx1']);
    expect(await load(bytes, encoderOf('f1'))).toBe('loaded');
    expect(await sources()).toEqual(['set/manx1.jpg', 'set/manx2.jpg', 'set/sphynx1.jpg']);
    await store.deleteItems('breeds', { ids: [hash('manx2').slice(0, 32)] });
    expect(await load(bytes, encoderOf('f1'))).toBe('current');
    expect(await sources()).toEqual(['set/manx1.jpg', 'set/sphynx1.jpg']);
  });

  it('completes an interrupted import', async () => {
    const encoder = encoderOf('f1');
    await store.createCollection({
      name: 'breeds',
      dimension: DIMENSION,
      fingerprint: 'f1',
      model: encoder.name,
    });
    expect(await load(gallery('f1', ['manx1', 'manx2']), encoder)).toBe('loaded');
    expect((await store.getCollection('breeds')).count).toBe(2);
  });

  it('is replaced by a newer one that keeps added photos', async () => {
    await load(gallery('f1', ['manx1', 'manx2']), encoderOf('f1'));
    await store.put('breeds', [own('photo')]);
    expect(await load(gallery('f1', ['manx2', 'bengal1']), encoderOf('f1'))).toBe('loaded');
    expect(await sources()).toEqual(['mine', 'set/bengal1.jpg', 'set/manx2.jpg']);
  });

  it('moves to another encoder if no photos were added', async () => {
    await load(gallery('f1', ['manx1']), encoderOf('f1'));
    expect(await load(gallery('f2', ['manx1', 'manx3']), encoderOf('f2'))).toBe('loaded');
    expect((await store.getCollection('breeds')).fingerprint).toBe('f2');
    expect(await sources()).toEqual(['set/manx1.jpg', 'set/manx3.jpg']);
  });

  it('leaves added photos alone if the encoder changed', async () => {
    await load(gallery('f1', ['manx1']), encoderOf('f1'));
    await store.put('breeds', [own('photo')]);
    expect(await load(gallery('f2', ['manx1']), encoderOf('f2'))).toBe('kept');
    expect((await store.getCollection('breeds')).fingerprint).toBe('f1');
    expect(await sources()).toEqual(['mine', 'set/manx1.jpg']);
  });

  it.each<[string, () => Buffer]>([
    ['made with another encoder', () => gallery('other', ['manx1'])],
    ['of another dimension', () => gallery('f1', ['manx1'], 3)],
    ['that is not Parquet', () => Buffer.from('PAR1 no, it is not a Parquet file at all PAR1')],
    ['that is empty', () => Buffer.alloc(0)],
  ])('refuses a gallery %s and stores nothing', async (_name, make) => {
    await expect(load(make(), encoderOf('f1'))).rejects.toMatchObject({ code: 'gallery_invalid' });
    expect(await store.listCollections()).toEqual([]);
  });

  it('says how to start with an encoder that has no gallery', async () => {
    await expect(load(gallery('other', ['manx1']), encoderOf('f1'))).rejects.toMatchObject({
      hint: expect.stringContaining('PAWDEX_GALLERY to nothing'),
    });
  });

  it('refuses a missing gallery', async () => {
    await expect(loadGallery(path.join(dir, 'no.parquet'), store, encoderOf('f1'))).rejects.toMatchObject({
      code: 'gallery_invalid',
    });
  });
});

it('reads the pictures of the shipped gallery where their licence allows it', async () => {
  const models = path.join(PACKAGE_ROOT, 'models');
  const { card, fingerprint } = await loadCard(path.join(models, 'encoder.json'));
  const file = path.join(models, 'gallery.parquet');
  const items = await readGallery(file, { ...encoderOf(fingerprint), dimension: card.output.dimension });
  const pictures = items.filter(({ thumbnail }) => thumbnail !== null);
  expect(pictures.length).toBeGreaterThan(1000);
  for (const { thumbnail, metadata } of pictures) {
    expect(sniff(thumbnail!)).toBe('webp');
    expect(metadata.licence).toContain('CC-BY-SA');
  }
});
