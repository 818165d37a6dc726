/** Renders the photos of a planned batch to pixels. */
import type { ResizeRule } from '../../image/decode.js';
import { createRandom, mixSeed } from '../../math/random.js';
import type { PhotoCache } from './photo-cache.js';
import { renderView } from './render-view.js';
import type { PlannedBatch } from './sampler.js';
import { type BadPhoto, type OpenPhoto, Substitutes } from './substitutes.js';
import { drawView } from './view-parameters.js';
import type { ViewSettings } from './view-settings.js';

export interface BatchOptions {
  photos: PhotoCache;
  /** Label of each photo, by index; the same for all photos without labels. */
  labels: ArrayLike<number>;
  /** How the encoder resizes photos. */
  rule: ResizeRule;
  views: ViewSettings;
  /** Views of each photo. Default: 1. */
  viewsPerPhoto?: number;
  seed: number;
  /** Called once per photo that cannot be used. Other photos of its label then stand in for it. */
  onBadPhoto: (bad: BadPhoto) => void;
}

/** Views of photos with their labels. Row v x photos + i is view v of photo i. */
export interface Batch {
  step: number;
  epoch: number;
  /** uint8 [rows, size, size, 3]. */
  pixels: Uint8Array;
  /** Photo of each row, by index. */
  photos: Int32Array;
  /** Label of each row. */
  labels: Int32Array;
  /** Milliseconds that the training step waited for it. */
  waitedMs: number;
}

/** Creates batches. A batch depends only on the seed and its plan. */
export class BatchMaker {
  readonly #options: BatchOptions;
  readonly #substitutes: Substitutes;

  constructor(options: BatchOptions) {
    this.#options = options;
    this.#substitutes = new Substitutes(options.labels, options.onBadPhoto);
  }

  /**
   * Opens the photos of a batch.
   *
   * @returns a function that renders their views; all native work has started when it returns its promise, which rejects
   *   like this method
   * @throws PawdexError set_invalid when no photo of a label can be used
   */
  async open(planned: PlannedBatch): Promise<() => Promise<Batch>> {
    const openPhotos = await Promise.all(planned.photos.map((photo) => this.#openUsable(planned, photo)));
    return () => this.#render(planned, openPhotos);
  }

  async #render(planned: PlannedBatch, openPhotos: readonly OpenPhoto[]): Promise<Batch> {
    const { rule, labels, viewsPerPhoto = 1 } = this.#options;
    const rows = openPhotos.length * viewsPerPhoto;
    const bytes = rule.size * rule.size * 3;
    const pixels = new Uint8Array(rows * bytes);
    const photos = new Int32Array(rows);
    await Promise.all(
      openPhotos.map(async (first, place) => {
        const { photo, views } = await this.#renderViews(planned, place, first);
        for (const [view, image] of views.entries()) {
          const row = view * openPhotos.length + place;
          photos[row] = photo;
          pixels.set(image, row * bytes);
        }
      }),
    );
    const { step, epoch } = planned;
    return { step, epoch, pixels, photos, labels: photos.map((photo) => labels[photo]!), waitedMs: 0 };
  }

  #openUsable({ epoch }: PlannedBatch, photo: number): Promise<OpenPhoto> {
    const { photos, seed } = this.#options;
    return this.#substitutes.findUsable(photo, mixSeed(seed, epoch), (candidate) => photos.get(candidate));
  }

  /** Renders all views of one photo, or of another if the photo turns out to be damaged. */
  async #renderViews(
    planned: PlannedBatch,
    place: number,
    first: OpenPhoto,
  ): Promise<{ photo: number; views: Uint8Array[] }> {
    for (let open = first; ; open = await this.#openUsable(planned, planned.photos[place]!)) {
      try {
        return { photo: open.photo, views: await this.#tryViews(planned, place, open) };
      } catch (error) {
        this.#substitutes.report(open.photo, error);
      }
    }
  }

  #tryViews({ epoch, photos, turns }: PlannedBatch, place: number, open: OpenPhoto): Promise<Uint8Array[]> {
    const { rule, seed, views, viewsPerPhoto = 1 } = this.#options;
    return Promise.all(
      Array.from({ length: viewsPerPhoto }, (_, view) => {
        const number = turns[place]! * viewsPerPhoto + view;
        // A substitute gets different views, so that a batch that also contains it never shows a view twice.
        const viewSeed = mixSeed(seed, epoch, open.photo, number, photos[place]!);
        return renderView(open.content, rule, drawView(views, createRandom(viewSeed)));
      }),
    );
  }
}
