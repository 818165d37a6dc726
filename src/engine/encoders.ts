/**
 * The encoders of a process: the one that it was started with, and those in the folder `encoders` of the data directory.
 * The latter are opened when a collection first needs them. Every collection is searched with the encoder that it was
 * embedded with.
 */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { SimilarityStatistics } from '../breeds/similarity-statistics.js';
import { loadCard } from '../encoder/model-card.js';
import type { OpenedEncoder } from '../encoder/open-encoder.js';
import { PawdexError } from '../errors.js';
import type { Space } from '../store/store.js';
import type { ImageEmbedder } from './image-embedder.js';

/** Folder in the data directory that has a sub-folder for each added encoder. */
export const ENCODERS_FOLDER = 'encoders';
export const CARD_FILE = 'encoder.json';

/** An open encoder with everything that answers need. */
export interface EncoderRuntime {
  encoder: OpenedEncoder;
  embedder: ImageEmbedder;
  /** Statistics for collections without a calibration; null if the encoder has none. */
  statistics: SimilarityStatistics | null;
}

/** Names the encoder in an answer. */
export function describeModel({ encoder }: EncoderRuntime): { name: string; fingerprint: string } {
  const { name, fingerprint } = encoder.info;
  return { name, fingerprint };
}

/** An encoder that can be opened. */
export interface AddedEncoder extends Space {
  folder: string;
  cardPath: string;
}

/** Lists the encoders in a data directory, without those whose card or model cannot be read. */
export async function listAddedEncoders(dataDir: string): Promise<AddedEncoder[]> {
  const root = path.join(dataDir, ENCODERS_FOLDER);
  const folders = await readdir(root).catch(() => [] as string[]);
  const encoders = await Promise.all(
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
  return encoders.flat();
}

export class Encoders {
  readonly #dataDir: string;
  readonly #open: (cardPath: string) => Promise<EncoderRuntime>;
  readonly #runtimes = new Map<string, Promise<EncoderRuntime>>();

  /** @param open opens an encoder of the data directory */
  constructor(
    readonly primary: EncoderRuntime,
    dataDir: string,
    open: (cardPath: string) => Promise<EncoderRuntime>,
  ) {
    this.#dataDir = dataDir;
    this.#open = open;
    this.#runtimes.set(primary.encoder.info.fingerprint, Promise.resolve(primary));
  }

  /**
   * Finds the encoder with a fingerprint; null if there is none.
   *
   * @throws PawdexError model_invalid
   */
  async find(fingerprint: string): Promise<EncoderRuntime | null> {
    const opened = this.#runtimes.get(fingerprint);
    if (opened !== undefined) {
      return opened;
    }
    const added = (await listAddedEncoders(this.#dataDir)).find(
      (encoder) => encoder.fingerprint === fingerprint,
    );
    return added === undefined ? null : this.#openOnce(added);
  }

  /**
   * Finds an encoder by the name of its folder or its model; without a name, the primary one.
   *
   * @throws PawdexError encoder_not_found, model_invalid
   */
  async findNamed(name?: string): Promise<EncoderRuntime> {
    if (name === undefined || name === this.primary.encoder.info.name) {
      return this.primary;
    }
    const added = await listAddedEncoders(this.#dataDir);
    const named = added.find(({ folder }) => folder === name) ?? added.find(({ model }) => model === name);
    if (named === undefined) {
      const names = [this.primary.encoder.info.name, ...added.map(({ folder }) => folder)];
      throw new PawdexError('encoder_not_found', {
        detail: `There is no encoder ${name}. Available: ${names.join(', ')}.`,
      });
    }
    return this.#openOnce(named);
  }

  async close(): Promise<void> {
    const runtimes = await Promise.allSettled(this.#runtimes.values());
    await Promise.all(
      runtimes.map((runtime) => (runtime.status === 'fulfilled' ? runtime.value.encoder.close() : undefined)),
    );
  }

  #openOnce({ fingerprint, cardPath }: AddedEncoder): Promise<EncoderRuntime> {
    const opened = this.#runtimes.get(fingerprint);
    if (opened !== undefined) {
      return opened;
    }
    const opening = this.#open(cardPath);
    this.#runtimes.set(fingerprint, opening);
    // Forget a failure, because the encoder may be repaired.
    opening.catch(() => this.#runtimes.delete(fingerprint));
    return opening;
  }
}
