/** Photos of a planned batch into the pixels of a batch. */
import type { Photo, ResizeRule } from '../../image/decode.js';
import { createRandom, mixSeed } from '../../math/random.js';
import type { PhotoCache } from './photo-cache.js';
import type { PlannedBatch } from './plan-run.js';
import { renderView } from './render-view.js';
import { type BadPhoto, Substitutes } from './substitutes.js';
import { computeViewSeed, drawView } from './view-parameters.js';
import type { ViewSettings } from './view-settings.js';

/** Settings of {@link BatchMaker}. */
export interface BatchOptions {
  photos: PhotoCache;
  /** Label of each photo, by index; alike for all where there are none. */
  labels: ArrayLike<number>;
  /** Of the encoder. */
  rule: ResizeRule;
  views: ViewSettings;
  /** Views of each photo; 1 unless given. */
  viewsPerPhoto?: number;
  seed: number;
  /** Called once per photo that cannot be used; from then on others of its label stand in for it. */
  onBadPhoto: (bad: BadPhoto) => void;
}

/** What a training step is fed. Row v x photos + i is view v of photo i. */
export interface Batch {
  step: number;
  epoch: number;
  /** uint8 [rows, size, size, 3]. */
  pixels: Uint8Array;
  /** Photo of each row, by index. */
  photos: Int32Array;
  /** Label of each row. */
  labels: Int32Array;
}

/** A planned photo that is open, or the one that stands in for it. */
interface Opened {
  photo: number;
  value: Photo;
}

/** A planned batch whose photos are open. */
export interface OpenBatch {
  planned: PlannedBatch;
  opened: Opened[];
}

/** Makes batches; each is a function of the seed and its plan. */
export class BatchMaker {
  readonly #options: BatchOptions;
  readonly #substitutes: Substitutes;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#substitutes = new Substitutes(options.labels, options.onBadPhoto);
  }

  /** Opens the photos of a batch. @throws PawdexError set_invalid when no photo of a label can be used */
  async open(planned: PlannedBatch): Promise<OpenBatch> {
    const opened = await Promise.all(planned.photos.map((photo) => this.#usable(planned, photo)));
    return { planned, opened };
  }

  /**
   * Makes the views. All native work is begun before this returns.
   *
   * @throws PawdexError set_invalid when no photo of a label can be used
   */
  async render({ planned, opened }: OpenBatch): Promise<Batch> {
    const { rule, labels, viewsPerPhoto = 1 } = this.#options;
    const rows = opened.length * viewsPerPhoto;
    const bytes = rule.size * rule.size * 3;
    const pixels = new Uint8Array(rows * bytes);
    const photos = new Int32Array(rows);
    await Promise.all(
      opened.map(async (first, place) => {
        const { photo, views } = await this.#views(planned, place, first);
        for (const [view, image] of views.entries()) {
          const row = view * opened.length + place;
          photos[row] = photo;
          pixels.set(image, row * bytes);
        }
      }),
    );
    const { step, epoch } = planned;
    return { step, epoch, pixels, photos, labels: photos.map((photo) => labels[photo]!) };
  }

  #usable({ epoch }: PlannedBatch, photo: number): Promise<Opened> {
    const { photos, seed } = this.#options;
    return this.#substitutes.first(photo, mixSeed(seed, epoch), (candidate) => photos.get(candidate));
  }

  /** All views of one photo; of another when damage shows only now. */
  async #views(
    planned: PlannedBatch,
    place: number,
    first: Opened,
  ): Promise<{ photo: number; views: Uint8Array[] }> {
    const wanted = planned.photos[place]!;
    for (let opened = first; ; opened = await this.#usable(planned, wanted)) {
      try {
        return { photo: opened.photo, views: await this.#attempt(planned, place, opened) };
      } catch (error) {
        this.#substitutes.report(opened.photo, error);
      }
    }
  }

  #attempt({ epoch, photos, turns }: PlannedBatch, place: number, opened: Opened): Promise<Uint8Array[]> {
    const { rule, seed, views, viewsPerPhoto = 1 } = this.#options;
    return Promise.all(
      Array.from({ length: viewsPerPhoto }, (_, view) => {
        const number = turns[place]! * viewsPerPhoto + view;
        // One that stands in has views of its own: a batch in which it also has a turn never shows one twice.
        const random = createRandom(computeViewSeed(seed, epoch, opened.photo, number, photos[place]));
        return renderView(opened.value, rule, drawView(views, random));
      }),
    );
  }
}
