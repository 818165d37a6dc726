/**
 * The encoders of a process: the one that it was started with, and those in the folder `encoders` of the data directory,
 * each opened when a collection first needs it. Every collection is answered by the encoder that it was embedded with.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { SimilarityStatistics } from '../breeds/similarity-statistics.js';
import { loadCard } from '../encoder/model-card.js';
import type { OpenedEncoder } from '../encoder/open-encoder.js';
import { PawdexError } from '../errors.js';
import type { Space } from '../store/store.js';
import type { ImageEmbedder } from './image-embedder.js';

/** Folder of added encoders in the data directory, a folder of its own for each. */
export const ENCODERS_FOLDER = 'encoders';
/** File name of a model card. */
export const CARD_FILE = 'encoder.json';

/** An open encoder with what answers of it need. */
export interface Room {
  encoder: OpenedEncoder;
  embedder: ImageEmbedder;
  /** What answers of this encoder look like in general, for collections without a calibration; null without a file. */
  statistics: SimilarityStatistics | null;
}

/** An encoder that can be opened. */
export interface AddedEncoder extends Space {
  /** Name of its folder. */
  folder: string;
  cardPath: string;
}

/** The encoders in a data directory; those whose card or model cannot be read are left out. */
export async function listAddedEncoders(dataDir: string): Promise<AddedEncoder[]> {
  const root = path.join(dataDir, ENCODERS_FOLDER);
  const folders = await readdir(root).catch(() => [] as string[]);
  const found = await Promise.all(
    folders.sort().map(async (folder) => {
      const cardPath = path.join(root, folder, CARD_FILE);
      const loaded = await loadCard(cardPath).catch(() => null);
      if (loaded === null) {
        return [];
      }
      const { card, fingerprint } = loaded;
      return [{ folder, cardPath, fingerprint, dimension: card.output.dimension, model: card.name }];
    }),
  );
  return found.flat();
}

/** The encoders of a process. */
export class Encoders {
  readonly primary: Room;
  readonly #dataDir: string;
  readonly #open: (cardPath: string) => Promise<Room>;
  readonly #rooms = new Map<string, Promise<Room>>();

  /** @param open opens an encoder of the data directory */
  constructor(primary: Room, dataDir: string, open: (cardPath: string) => Promise<Room>) {
    this.primary = primary;
    this.#dataDir = dataDir;
    this.#open = open;
    this.#rooms.set(primary.encoder.info.fingerprint, Promise.resolve(primary));
  }

  /** The encoder with a fingerprint; null when this process has none. @throws PawdexError model_invalid */
  async find(fingerprint: string): Promise<Room | null> {
    const open = this.#rooms.get(fingerprint);
    if (open !== undefined) {
      return open;
    }
    const added = (await this.list()).find((each) => each.fingerprint === fingerprint);
    return added === undefined ? null : this.#enter(added);
  }

  /**
   * The encoder in a folder of this name, or of a model of this name.
   *
   * @throws PawdexError encoder_not_found, model_invalid
   */
  async findNamed(name: string): Promise<Room> {
    if (name === this.primary.encoder.info.name) {
      return this.primary;
    }
    const added = await this.list();
    const named = added.find(({ folder }) => folder === name) ?? added.find(({ model }) => model === name);
    if (named === undefined) {
      const names = [this.primary.encoder.info.name, ...added.map(({ folder }) => folder)];
      throw new PawdexError('encoder_not_found', {
        detail: `There is no encoder ${name}; there is ${names.join(', ')}.`,
      });
    }
    return this.#enter(named);
  }

  /** The encoders of the data directory. */
  list(): Promise<AddedEncoder[]> {
    return listAddedEncoders(this.#dataDir);
  }

  async close(): Promise<void> {
    const rooms = await Promise.allSettled(this.#rooms.values());
    await Promise.all(
      rooms.map((room) => (room.status === 'fulfilled' ? room.value.encoder.close() : undefined)),
    );
  }

  #enter({ fingerprint, cardPath }: AddedEncoder): Promise<Room> {
    const known = this.#rooms.get(fingerprint);
    if (known !== undefined) {
      return known;
    }
    const opening = this.#open(cardPath);
    this.#rooms.set(fingerprint, opening);
    // One that could not be opened may be repaired.
    opening.catch(() => this.#rooms.delete(fingerprint));
    return opening;
  }
}
