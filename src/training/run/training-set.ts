/** The photos of a run: those to train on, those to measure with, and those that are held out. */
import { PawdexError } from '../../errors.js';
import { groupBy } from '../../math/group-by.js';

export interface TrainingPhoto {
  file: string;
  label: string;
}

/** Without a val set, one in this many photos of each label goes into val, but at least one of two. */
const VAL_SHARE = 10;

export class TrainingSet {
  /** Photos that are trained on, in the order given. */
  readonly train: readonly TrainingPhoto[];
  /** Photos to take val queries from. */
  readonly val: readonly TrainingPhoto[];
  /** Photos of labels held out of training. */
  readonly heldOut: readonly TrainingPhoto[];
  /** Photos that are trained on or held out, in the order given. */
  readonly photos: readonly TrainingPhoto[];
  /** Index in `photos` of each train photo. */
  readonly photoIndices: Int32Array;
  /** Labels of `train`, sorted. The number of a label is its index. */
  readonly labels: readonly string[];
  /** Number of each train photo's label. */
  readonly labelNumbers: Int32Array;

  /**
   * @param photos labelled photos to train on
   * @param val photos to measure with; if null, one in ten of each label is set aside
   * @param holdOut labels to leave out of training
   * @throws PawdexError set_invalid when nothing is left to train on or to measure with; config_invalid for a held-out
   *   label that no photo has
   */
  constructor(
    photos: readonly TrainingPhoto[],
    val: readonly TrainingPhoto[] | null,
    holdOut: readonly string[],
  ) {
    const heldOutLabels = new Set(holdOut);
    const unknown = holdOut.find((label) => !photos.some((photo) => photo.label === label));
    if (unknown !== undefined) {
      throw new PawdexError('config_invalid', {
        detail: `evaluation.holdOut names "${unknown}", but no photo has this label.`,
      });
    }
    const others = photos.filter(({ label }) => !heldOutLabels.has(label));
    this.heldOut = photos.filter(({ label }) => heldOutLabels.has(label));
    const valPhotos = val === null ? chooseVal(others) : new Set<TrainingPhoto>();
    this.train = others.filter((photo) => !valPhotos.has(photo));
    this.val = val === null ? [...valPhotos] : val.filter(({ label }) => !heldOutLabels.has(label));
    this.photos = photos.filter((photo) => !valPhotos.has(photo));
    const indices = new Map(this.photos.map((photo, i) => [photo, i]));
    this.photoIndices = Int32Array.from(this.train, (photo) => indices.get(photo)!);
    this.labels = [...new Set(this.train.map(({ label }) => label))].sort();
    const numbers = new Map(this.labels.map((label, i) => [label, i]));
    this.labelNumbers = Int32Array.from(this.train, ({ label }) => numbers.get(label)!);
    if (this.labels.length < 2 || this.val.length === 0) {
      throw new PawdexError('set_invalid', {
        detail: `There are ${this.train.length} photos of ${this.labels.length} labels to train on, and ${this.val.length} to measure with.`,
        hint: 'Training needs at least two labels, and two photos of some label.',
      });
    }
  }

  /** Selects photos of each label, spread evenly over the label's photos. @param perLabel at most this many of each */
  selectGallery(perLabel: number): TrainingPhoto[] {
    const byLabel = groupBy(this.train, ({ label }) => label);
    return this.labels.flatMap((label) => {
      const photos = byLabel.get(label)!;
      const step = Math.max(1, photos.length / perLabel);
      return Array.from(
        { length: Math.min(perLabel, photos.length) },
        (_, i) => photos[Math.floor(i * step)]!,
      );
    });
  }
}

/** Sets one in {@link VAL_SHARE} photos of each label aside, and at least one of two. */
function chooseVal(photos: readonly TrainingPhoto[]): Set<TrainingPhoto> {
  const countOfLabel = new Map<string, number>();
  const chosen = photos.filter(({ label }) => {
    const count = (countOfLabel.get(label) ?? 0) + 1;
    countOfLabel.set(label, count);
    return count % VAL_SHARE === 2;
  });
  return new Set(chosen);
}
