/** `pawdex train`: trains an encoder on a labelled set with ONNX Runtime. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { readFileNames } from '../datasets/read-file-names.js';
import { formatPercent } from '../evaluation/figures.js';
import { createFolder } from '../files/create-folder.js';
import type { SessionOptions } from '../training/autodiff/graph-session.js';
import { adaptToSet, buildRecipe } from '../training/recipe/build-recipe.js';
import { getResizeRule, RECIPE_FILE } from '../training/recipe/load-recipe.js';
import { LOSS_KINDS, type Recipe } from '../training/recipe/recipe-schema.js';
import { checkRecipeGradients, type WeightCheck } from '../training/run/check-recipe-gradients.js';
import { hasCheckpoint } from '../training/run/checkpoint.js';
import { exportRun } from '../training/run/export-run.js';
import { findReadablePhotos } from '../training/run/readable-photos.js';
import { runTraining } from '../training/run/training-run.js';
import { type TrainingPhoto, TrainingSet } from '../training/run/training-set.js';
import { collectValues, createCommand, makeWholeNumberParser, readCommonOptions } from './create-command.js';
import { EXIT, failUsage } from './exit-codes.js';
import { runInterruptibly } from './interruption.js';
import { failOutput } from './output-file.js';
import { pluralise, printLine, printMessage, printResult } from './print.js';
import { addSetOptions, readSet } from './set-options.js';
import { TrainingDisplay } from './training-display.js';

const runOptions = createCommand(
  'train',
  'train an encoder on a labelled set with a contrastive loss',
  'train --data photos:train --val photos:val --out runs/mine --epochs 4',
  ['THREADS', 'MAX_PIXELS'],
)
  .option(
    '--data <set>',
    'labelled set to train on: a folder, or FOLDER:SPLIT for the rows of one split; may be repeated',
    collectValues,
  )
  .option(
    '--val <set>',
    'labelled set to validate with; may be repeated (default: one in ten photos of --data)',
    collectValues,
  )
  .option(
    '--without <csv>',
    'leave out photos of --data that this list names, such as the dropped.csv of clean-labels; may be repeated',
    collectValues,
  )
  .option('--out <dir>', 'folder for the checkpoint, log, charts and, at the end, the encoder')
  .option('--recipe <file>', 'settings of the run in YAML or JSON (default: those of the shipped encoder)');

/** With the options that replace settings of the recipe. */
const options = addSetOptions(runOptions)
  .option(
    '--backbone <file>',
    'ONNX network to start from: float32 [batch, 3, S, S] in, one vector per image out',
  )
  .addOption(new Option('--loss <kind>', 'loss to minimise').choices(LOSS_KINDS))
  .option('--epochs <n>', 'passes over the photos', makeWholeNumberParser(1, 10_000))
  .option('--freeze <n>', 'layers to freeze, counted from the input', makeWholeNumberParser(0, 10_000))
  .option('--labels <n>', 'labels per batch', makeWholeNumberParser(1, 4096))
  .option('--photos <n>', 'photos per label in a batch', makeWholeNumberParser(1, 1024))
  .option(
    '--chunk <n>',
    'photos that go through the network together, for batches that do not fit in memory',
    makeWholeNumberParser(1, 65_536),
  )
  .option('--learning-rate <number>', 'peak learning rate', parseLearningRate)
  .option('--seed <n>', 'seed of the random numbers', makeWholeNumberParser(0, 2 ** 31))
  .addOption(
    new Option('--provider <name>', 'what to train on: the CPU or a GPU')
      .choices(['cpu', 'webgpu', 'cuda'] as const)
      .default('cpu' as const),
  )
  .option('--resume', 'continue the run in --out')
  .option(
    '--check-gradients',
    'instead of training, compare the gradient of every trained weight with finite differences',
  )
  .option('--json', 'print a summary as one JSON object');

type TrainFlags = ReturnType<typeof options.opts>;

export const command = options.action(async (flags) => {
  const { config, quiet } = readCommonOptions(flags);
  const { out, resume = false, json = false } = flags;
  if (out === undefined && !flags.checkGradients) {
    failUsage('Pass the folder of the run with --out.');
  }
  const isNew = out !== undefined && !existsSync(path.join(out, RECIPE_FILE));
  if (resume && isNew && flags.recipe === undefined) {
    failUsage(`There is no run to resume in ${out}.`, 'Check --out, or start a run without --resume.');
  }
  const { recipe, arePixelsAssumed } = await buildRecipe({
    file: flags.recipe,
    resumed: resume ? out : undefined,
    name: path.basename(path.resolve(out ?? 'encoder')),
    overrides: flags,
  });
  if (arePixelsAssumed && !quiet) {
    printMessage(
      'Pixels are normalised with the mean and standard deviation of ImageNet. A recipe can change that with backbone.pixels.',
    );
  }
  const session = { threads: config.THREADS, provider: flags.provider };
  if (flags.checkGradients) {
    await printGradientChecks(recipe, session, json);
    return;
  }
  const dir = out as string;
  if (!resume && hasCheckpoint(dir)) {
    failUsage(`${dir} already contains a run.`, 'Continue it with --resume, or choose another --out.');
  }
  if (flags.data === undefined) {
    failUsage('Pass the photos to train on with --data.');
  }
  // Before the photos are read, which takes minutes.
  try {
    createFolder(dir);
  } catch (error) {
    failOutput(error);
  }
  await train(flags, recipe, { dir, resume, maxPixels: config.MAX_PIXELS, session, quiet, json });
});

function parseLearningRate(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) {
    return value;
  }
  throw new InvalidArgumentError('It must be a number above 0 and at most 1.');
}

/** Prints one line per weight, sorted by error. Sets the exit code if some do not agree. */
async function printGradientChecks(recipe: Recipe, session: SessionOptions, json: boolean): Promise<void> {
  const checks = await checkRecipeGradients(recipe, session, (weights) =>
    printMessage(`Comparing the gradients of ${pluralise(weights, 'weight')} with finite differences`),
  );
  await printLine(checks.map((check) => (json ? JSON.stringify(check) : formatGradientCheck(check))));
  const wrong = checks.filter(({ sound }) => !sound).length;
  printMessage(wrong === 0 ? 'All gradients agree.' : `${wrong} of ${checks.length} gradients do not agree.`);
  if (wrong > 0) {
    process.exitCode = EXIT.someFailed;
  }
}

function formatGradientCheck({ name, shape, compared, relativeError, norm, ...check }: WeightCheck): string {
  const verdict = check.negligible ? 'tiny ' : check.sound ? 'sound' : 'WRONG';
  const error = relativeError.toExponential(1).padStart(8);
  return `${error}  ${verdict}  |g| ${norm.toExponential(1)}  ${compared} compared  ${name} [${shape}]`;
}

interface TrainOptions {
  /** Folder of the run. */
  dir: string;
  resume: boolean;
  maxPixels: number;
  session: SessionOptions;
  quiet: boolean;
  json: boolean;
}

/** Trains until the run is finished or Ctrl-C stops it, and exports a finished run. */
async function train(flags: TrainFlags, recipe: Recipe, options: TrainOptions): Promise<void> {
  const { dir, maxPixels, session, quiet, json } = options;
  const report = new TrainingDisplay(quiet);
  const { result: trained, interrupted } = await runInterruptibly(
    'Stopping after this step. Press Ctrl-C again to stop immediately.',
    (signal) =>
      trainOnSet(flags, recipe, options, { report, signal }).catch((error) => {
        // Stopped while reading the photos.
        if (signal.aborted && error === signal.reason) {
          return null;
        }
        throw error;
      }),
  ).finally(() => report.stop());
  if (trained?.result.finished) {
    const { fitted, set, result } = trained;
    const exported = await exportRun(dir, fitted, set, result, { maxPixels, session, report }).finally(() =>
      report.stop(),
    );
    await printResult(exported, formatExport(exported), json);
    return;
  }
  if (trained !== null) {
    printMessage(`Stopped at step ${trained.result.steps}. Run the same command with --resume to continue.`);
  }
  process.exitCode = interrupted ?? EXIT.interrupted;
}

/** Reads the photos and trains on them, with the shipped recipe fitted to their number. */
async function trainOnSet(
  flags: TrainFlags,
  recipe: Recipe,
  { dir, resume, maxPixels, session, quiet }: TrainOptions,
  { report, signal }: { report: TrainingDisplay; signal: AbortSignal },
) {
  const set = await readTrainingSet(flags, recipe, report, { maxPixels, signal, quiet });
  if (!quiet) {
    printMessage(
      `Training on ${pluralise(set.train.length, 'photo')} of ${pluralise(set.labels.length, 'label')}, validating with ${pluralise(set.val.length, 'photo')}`,
    );
  }
  const labels = flags.labels ?? set.labels.length;
  const gallery = set.selectGallery(recipe.evaluation.galleryPerLabel).length;
  const isShipped = flags.recipe === undefined && !resume;
  const fitted = isShipped ? adaptToSet(recipe, { labels, gallery }) : recipe;
  const result = await runTraining({
    recipe: fitted,
    set,
    out: dir,
    resume,
    maxPixels,
    session,
    signal,
    report,
  });
  return { fitted, set, result };
}

function formatExport({ card, float, int8 }: Awaited<ReturnType<typeof exportRun>>): string[] {
  return [
    `${card}: accuracy ${formatPercent(int8.top1)}, recall@1 ${formatPercent(int8.recallAt1)} on the validation photos`,
    `In float: accuracy ${formatPercent(float.top1)}, recall@1 ${formatPercent(float.recallAt1)}`,
  ];
}

/** Reads the sets, without the photos that cannot be decoded. */
async function readTrainingSet(
  flags: TrainFlags,
  recipe: Recipe,
  display: TrainingDisplay,
  { maxPixels, signal, quiet }: { maxPixels: number; signal: AbortSignal; quiet: boolean },
): Promise<TrainingSet> {
  const readPhotos = async (specs: readonly string[], without: ReadonlySet<string>) => {
    const readable: TrainingPhoto[] = [];
    for (const spec of specs) {
      const photos = (await readSet(spec, flags, { labelsRequired: true, quiet })).photos
        .filter(({ name }) => !without.has(name))
        .map(({ file, label }) => ({ file, label: label! }));
      display.beginPhase(`Reading ${pluralise(photos.length, 'photo')} of ${spec}`, photos.length);
      const found = await findReadablePhotos(photos, {
        rule: getResizeRule(recipe),
        maxPixels,
        signal,
        onProgress: (done) => display.updatePhase(done),
        onBad: (file, error) => display.reportSkipped(file, error),
      });
      readable.push(...found);
    }
    return readable;
  };
  const { data = [], val: valSets, without = [] } = flags;
  const leftOut = (await Promise.all(without.map(readFileNames))).flat();
  const photos = await readPhotos(data, new Set(leftOut));
  const val = valSets === undefined ? null : await readPhotos(valSets, new Set());
  display.stop();
  return new TrainingSet(photos, val, recipe.evaluation.holdOut);
}
