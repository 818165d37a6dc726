/** Keeps track of photos that cannot be used, and finds others to stand in for them. */
import { PawdexError } from '../../errors.js';
import type { Photo } from '../../image/decode.js';
import { isImageFault } from '../../image/image-errors.js';
import { createRandom, mixSeed } from '../../math/random.js';
import { groupByLabel } from './sampler.js';

/** Makes these random numbers independent of others. */
const SUBSTITUTE = 0x7e11;

export interface BadPhoto {
  photo: number;
  error: PawdexError;
}

/** A photo that works, by index, and its content. */
export interface OpenPhoto {
  photo: number;
  content: Photo;
}

/** Remembers bad photos. The substitute depends on seed, epoch and photo, never on earlier attempts. */
export class Substitutes {
  readonly #labels: ArrayLike<number>;
  readonly #bad = new Map<number, PawdexError>();
  readonly #onBad: (bad: BadPhoto) => void;
  #peers: Map<number, number[]> | undefined;

  /**
   * @param labels label of each photo; photos of one label can stand in for each other
   * @param onBad called once per bad photo
   */
  constructor(labels: ArrayLike<number>, onBad: (bad: BadPhoto) => void) {
    this.#labels = labels;
    this.#onBad = onBad;
  }

  /**
   * Tries a photo, then others of its label in random order, until one works.
   *
   * @param open rejects when the photo is bad
   * @throws PawdexError set_invalid when no photo of the label works; any error that is not a photo's fault
   */
  async findUsable(photo: number, seed: number, open: (photo: number) => Promise<Photo>): Promise<OpenPhoto> {
    for (const candidate of this.#listCandidates(photo, seed)) {
      if (this.#bad.has(candidate)) {
        continue;
      }
      try {
        return { photo: candidate, content: await open(candidate) };
      } catch (error) {
        this.report(candidate, error);
      }
    }
    throw new PawdexError('set_invalid', {
      detail: `None of the photos of a label can be read. One of the errors: ${this.#bad.get(photo)?.message}`,
      hint: 'Repair the photos, or remove the label from the set.',
    });
  }

  /**
   * Marks a photo as bad, and reports it the first time.
   *
   * @throws an error that is not the photo's fault
   */
  report(photo: number, error: unknown): void {
    if (!isImageFault(error)) {
      throw error;
    }
    if (this.#bad.has(photo)) {
      return;
    }
    this.#bad.set(photo, error);
    this.#onBad({ photo, error });
  }

  *#listCandidates(photo: number, seed: number): Generator<number, void> {
    yield photo;
    const random = createRandom(mixSeed(seed, photo, SUBSTITUTE));
    const peers = this.#findPeers(photo).filter((peer) => peer !== photo);
    while (peers.length > 0) {
      const [peer] = peers.splice(Math.floor(random() * peers.length), 1);
      yield peer!;
    }
  }

  #findPeers(photo: number): readonly number[] {
    this.#peers ??= groupByLabel(this.#labels);
    return this.#peers.get(this.#labels[photo]!) ?? [];
  }
}
