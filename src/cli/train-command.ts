/** `pawdex train`: trains an encoder on a labelled set, contrastively, on ONNX Runtime. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { PACKAGE_ROOT } from '../config.js';
import { PawdexError } from '../errors.js';
import { readLabelledSet } from '../jobs/labelled-set.js';
import { adaptBackbone } from '../training/recipe/adapt-backbone.js';
import {
  completeRecipe,
  getResizeRule,
  type PartialRecipe,
  readRecipe,
} from '../training/recipe/load-recipe.js';
import type { Recipe } from '../training/recipe/recipe-schema.js';
import { hasCheckpoint } from '../training/run/checkpoint.js';
import { exportRun } from '../training/run/export-run.js';
import { findReadablePhotos } from '../training/run/readable-photos.js';
import { RECIPE, type RunResult, runTraining } from '../training/run/training-run.js';
import { TrainingSet } from '../training/run/training-set.js';
import { createCommand, makeWholeNumberParser, readCommonOptions } from './create-command.js';
import { EXIT } from './exit-codes.js';
import { watchInterrupts } from './interruption.js';
import { note, pluralise, printLine } from './print.js';
import { checkRecipeGradients } from './train/check-recipe-gradients.js';
import { formatPercent, TrainingDisplay } from './train/training-display.js';

/** The recipe of the shipped encoder. Its settings apply where flags and the given recipe say nothing else. */
const DEFAULT_RECIPE = path.join(PACKAGE_ROOT, 'models', 'recipe.yaml');

interface TrainFlags {
  data: string;
  val?: string;
  out?: string;
  recipe?: string;
  backbone?: string;
  loss?: string;
  epochs?: number;
  freeze?: number;
  labels?: number;
  photos?: number;
  chunk?: number;
  seed?: number;
  learningRate?: number;
  provider: 'cpu' | 'webgpu' | 'cuda';
  resume?: boolean;
  checkGradients?: boolean;
  json?: boolean;
}

/** Defines the command. */
export function createTrainCommand(): Command {
  return createCommand(
    'train',
    'train an encoder on a labelled set, contrastively',
    'train --data photos:train --val photos:val --out runs/mine --epochs 4',
  )
    .requiredOption(
      '--data <set>',
      'labelled set to train on: a folder, or FOLDER:SPLIT for the rows of one split',
    )
    .option('--val <set>', 'labelled set to validate with (default: one in ten photos of --data)')
    .option('--out <dir>', 'folder of the run: checkpoint, log, charts, and finally the encoder')
    .option('--recipe <file>', 'settings of the run in YAML or JSON (default: those of the shipped encoder)')
    .option(
      '--backbone <file>',
      'ONNX network to start from: float32 [batch, 3, S, S] in, one vector per image out',
    )
    .addOption(
      new Option('--loss <kind>', 'loss to minimise').choices([
        'info-nce',
        'sup-con',
        'nt-xent',
        'moco',
        'proxy-nca',
      ]),
    )
    .option('--epochs <n>', 'passes over the photos', makeWholeNumberParser(1, 10_000))
    .option('--freeze <n>', 'layers to freeze, counted from the input', makeWholeNumberParser(0, 10_000))
    .option('--labels <n>', 'labels per batch', makeWholeNumberParser(1, 4096))
    .option('--photos <n>', 'photos per label in a batch', makeWholeNumberParser(1, 1024))
    .option(
      '--chunk <n>',
      'photos that pass the network at once, for batches that do not fit in memory',
      makeWholeNumberParser(1, 65_536),
    )
    .option('--learning-rate <number>', 'peak learning rate', Number)
    .option('--seed <n>', 'seed of the random numbers', makeWholeNumberParser(0, 2 ** 31))
    .addOption(
      new Option('--provider <name>', 'execution provider').choices(['cpu', 'webgpu', 'cuda']).default('cpu'),
    )
    .option('--resume', 'continue the run in --out')
    .option(
      '--check-gradients',
      'compare the gradient of every trained weight with finite differences instead of training',
    )
    .option('--json', 'print a summary as one JSON object')
    .action(run);
}

async function run(flags: TrainFlags & Record<string, unknown>): Promise<void> {
  const common = readCommonOptions(flags);
  const { config, quiet } = common;
  const out = flags.out;
  if (out === undefined && flags.checkGradients !== true) {
    throw new PawdexError('usage', { detail: '--out is missing: it names the folder of the run.' });
  }
  const recipe = await buildRecipe(flags, quiet);
  const session = { threads: config.THREADS, provider: flags.provider };
  if (flags.checkGradients === true) {
    const sound = await checkRecipeGradients(recipe, session, flags.json === true);
    if (!sound) {
      process.exitCode = EXIT.someFailed;
    }
    return;
  }
  const dir = out as string;
  if (flags.resume !== true && hasCheckpoint(dir)) {
    throw new PawdexError('usage', {
      detail: `${dir} already contains a run.`,
      hint: 'Continue it with --resume, or choose another --out.',
    });
  }
  const interruption = watchInterrupts('Stopping after this step. Press Ctrl-C again to stop immediately.');
  const display = new TrainingDisplay(quiet);
  const { signal } = interruption;
  let result: RunResult;
  let set: TrainingSet;
  try {
    set = await readTrainingSet(flags, recipe, display, { maxPixels: config.MAX_PIXELS, signal });
    if (!quiet) {
      note(
        `Training on ${pluralise(set.train.length, 'photo')} of ${pluralise(set.labels.length, 'label')}, validating with ${pluralise(set.val.length, 'photo')}`,
      );
    }
    result = await runTraining({
      recipe,
      set,
      out: dir,
      resume: flags.resume === true,
      maxPixels: config.MAX_PIXELS,
      session,
      signal,
      report: display,
    });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) {
      throw error;
    }
    // Stopped while reading the photos.
    process.exitCode = interruption.exitCode() ?? EXIT.interrupted;
    return;
  } finally {
    display.stop();
    interruption.dispose();
  }
  if (!result.finished) {
    note(`Stopped at step ${result.steps}. Run the same command with --resume to continue.`);
    process.exitCode = interruption.exitCode() ?? EXIT.interrupted;
    return;
  }
  const exported = await exportRun(dir, recipe, set, result, {
    maxPixels: config.MAX_PIXELS,
    session,
    report: display,
  }).finally(() => display.stop());
  if (flags.json === true) {
    await printLine(JSON.stringify(exported));
  } else {
    const { card, float, int8 } = exported;
    await printLine(
      `${card}: accuracy ${formatPercent(int8.top1)}, recall@1 ${formatPercent(int8.recallAt1)} on the validation photos`,
    );
    await printLine(
      `In float: accuracy ${formatPercent(float.top1)}, recall@1 ${formatPercent(float.recallAt1)}`,
    );
  }
}

/** Reads the sets, without the photos that cannot be decoded. */
async function readTrainingSet(
  flags: TrainFlags,
  recipe: Recipe,
  display: TrainingDisplay,
  { maxPixels, signal }: { maxPixels: number; signal: AbortSignal },
): Promise<TrainingSet> {
  const readPhotos = async (spec: string) => {
    const photos = await readLabelledSet(spec, { labelsRequired: true });
    display.phase(`Reading ${pluralise(photos.length, 'photo')} of ${spec}`, photos.length);
    return findReadablePhotos(
      photos.map(({ file, label }) => ({ file, label: label! })),
      {
        rule: getResizeRule(recipe),
        maxPixels,
        signal,
        onProgress: (done) => display.phaseProgress(done),
        onBad: (file, error) => display.skipped(file, error),
      },
    );
  };
  const photos = await readPhotos(flags.data);
  const val = flags.val === undefined ? null : await readPhotos(flags.val);
  display.stop();
  return new TrainingSet(photos, val, recipe.evaluation.holdOut);
}

/** Reads the recipe that is given, or that of the run to continue, and applies the flags. */
async function buildRecipe(flags: TrainFlags, quiet: boolean): Promise<Recipe> {
  const stored = flags.resume === true && flags.out !== undefined ? path.join(flags.out, RECIPE) : undefined;
  const file = flags.recipe ?? stored ?? DEFAULT_RECIPE;
  const partial: PartialRecipe = await readRecipe(file);
  const isShippedRecipe = flags.recipe === undefined && stored === undefined;
  // The new encoder does not inherit the name and description of the shipped one.
  if (isShippedRecipe) {
    Object.assign(partial, { name: path.basename(path.resolve(flags.out ?? 'encoder')), description: '' });
  }
  const under = (key: string) => (partial[key] ?? {}) as Record<string, unknown>;
  const put = (key: string, settings: Record<string, unknown>) => {
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    if (given.length > 0) {
      partial[key] = { ...under(key), ...Object.fromEntries(given) };
    }
  };
  put('batch', { labels: flags.labels, photos: flags.photos, chunk: flags.chunk });
  put('optimiser', { learningRate: flags.learningRate });
  if (flags.loss !== undefined) {
    partial.losses = [{ kind: flags.loss }];
  }
  // These settings of the shipped recipe only fit what it freezes and the losses it uses.
  if (isShippedRecipe && [flags.loss, flags.freeze, flags.backbone].some((flag) => flag !== undefined)) {
    Object.assign(partial, { keptViews: 0, soup: 1, head: {}, average: [1], vote: {}, evaluation: {} });
  }
  if (flags.epochs !== undefined) {
    partial.epochs = flags.epochs;
    // Exactly this many: without the several runs that the shipped recipe averages.
    if (isShippedRecipe) {
      partial.soup = 1;
    }
  }
  if (flags.seed !== undefined) {
    partial.seed = flags.seed;
  }
  if (flags.backbone !== undefined) {
    const { settings, assumed } = await adaptBackbone(
      flags.backbone,
      flags.recipe === undefined ? null : under('backbone'),
    );
    partial.backbone = settings;
    if (isShippedRecipe) {
      partial.freeze = {};
    }
    if (assumed && !quiet) {
      note(
        'Pixels are normalised with the mean and deviation of ImageNet. A recipe can change that with backbone.pixels.',
      );
    }
  }
  if (flags.freeze !== undefined) {
    partial.freeze = { layers: flags.freeze };
  }
  return completeRecipe(partial, isShippedRecipe ? 'The settings' : file);
}
