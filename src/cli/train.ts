/** `pawdex train`: teaches an encoder with a labelled set, by contrast, on ONNX Runtime itself. */
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
import { findReadablePhotos } from '../training/run/readable-photos.js';
import { RECIPE, type RunResult, runTraining } from '../training/run/training-run.js';
import { TrainingSet } from '../training/run/training-set.js';
import { command, commonOptions, wholeNumber } from './command.js';
import { EXIT } from './exit.js';
import { onInterrupt } from './interrupt.js';
import { note, plural, printLine } from './output.js';
import { percent, TrainingDisplay } from './train/display.js';
import { exportRun } from './train/export.js';
import { checkRecipeGradients } from './train/gradients.js';

/** The recipe of the shipped encoder, which others start from. */
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

/** The command, not yet wired. */
export function trainCommand(): Command {
  return command(
    'train',
    'teach an encoder with a labelled set, by contrast, on ONNX Runtime itself',
    'train --data photos:train --val photos:val --out runs/mine --epochs 4',
  )
    .requiredOption('--data <set>', 'labelled set to train on: a folder, or FOLDER:split of its manifest.csv')
    .option('--val <set>', 'labelled set to measure with (default: one photo in ten of --data is set aside)')
    .option('--out <dir>', 'folder of the run: checkpoint, log, charts, and the encoder in the end')
    .option('--recipe <file>', 'settings of the run, YAML or JSON (default: those of the shipped encoder)')
    .option(
      '--backbone <file>',
      'ONNX network to start from: float32 [batch, 3, S, S] in, one vector per image out',
    )
    .addOption(
      new Option('--loss <kind>', 'what is minimised').choices([
        'info-nce',
        'sup-con',
        'nt-xent',
        'moco',
        'proxy-nca',
      ]),
    )
    .option('--epochs <n>', 'passes over the photos', wholeNumber(1, 10_000))
    .option('--freeze <n>', 'layers from the input that stay as they are', wholeNumber(0, 10_000))
    .option('--labels <n>', 'labels in a batch', wholeNumber(1, 4096))
    .option('--photos <n>', 'photos of each label in a batch', wholeNumber(1, 1024))
    .option(
      '--chunk <n>',
      'photos through the network at once, for batches larger than memory',
      wholeNumber(1, 65_536),
    )
    .option('--learning-rate <number>', 'peak learning rate', Number)
    .option('--seed <n>', 'where the random numbers begin', wholeNumber(0, 2 ** 31))
    .addOption(
      new Option('--provider <name>', 'where the graphs run')
        .choices(['cpu', 'webgpu', 'cuda'])
        .default('cpu'),
    )
    .option('--resume', 'go on with the run in --out')
    .option(
      '--check-gradients',
      'compare the gradient of every trained weight with finite differences, and end',
    )
    .option('--json', 'print one JSON object in the end')
    .action(run);
}

async function run(flags: TrainFlags & Record<string, unknown>): Promise<void> {
  const common = commonOptions(flags);
  const { config, quiet } = common;
  const out = flags.out;
  if (out === undefined && flags.checkGradients !== true) {
    throw new PawdexError('usage', { detail: 'Name a folder for the run with --out.' });
  }
  const recipe = await recipeOf(flags, quiet);
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
      detail: `There is a run in ${dir} already.`,
      hint: 'Go on with it by --resume, or name another --out.',
    });
  }
  const interruption = onInterrupt('Stopping after this step; Ctrl-C again ends at once.');
  const display = new TrainingDisplay(quiet);
  const { signal } = interruption;
  let result: RunResult;
  let set: TrainingSet;
  try {
    set = await trainingSet(flags, recipe, display, { maxPixels: config.MAX_PIXELS, signal });
    if (!quiet) {
      note(
        `Training on ${plural(set.train.length, 'photo')} of ${plural(set.labels.length, 'label')}, measuring with ${plural(set.val.length, 'photo')}`,
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
    // Stopped while the photos were read.
    process.exitCode = interruption.exitCode() ?? EXIT.interrupted;
    return;
  } finally {
    display.stop();
    interruption.dispose();
  }
  if (!result.finished) {
    note(`Stopped at step ${result.steps}; the same command with --resume goes on from there.`);
    process.exitCode = interruption.exitCode() ?? EXIT.interrupted;
    return;
  }
  const exported = await exportRun(dir, recipe, set, result, {
    maxPixels: config.MAX_PIXELS,
    session,
    quiet,
  });
  if (flags.json === true) {
    await printLine(JSON.stringify(exported));
  } else {
    const { card, float, int8 } = exported;
    await printLine(`${card}: vote ${percent(int8.top1)}, recall@1 ${percent(int8.recallAt1)} on val`);
    await printLine(`in float: vote ${percent(float.top1)}, recall@1 ${percent(float.recallAt1)}`);
  }
}

/** The photos, without those that cannot be read. */
async function trainingSet(
  flags: TrainFlags,
  recipe: Recipe,
  display: TrainingDisplay,
  { maxPixels, signal }: { maxPixels: number; signal: AbortSignal },
): Promise<TrainingSet> {
  const readable = async (spec: string) => {
    const photos = await readLabelledSet(spec, { labelsRequired: true });
    display.phase(`Reading ${plural(photos.length, 'photo')} of ${spec}`, photos.length);
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
  const photos = await readable(flags.data);
  const val = flags.val === undefined ? null : await readable(flags.val);
  display.stop();
  return new TrainingSet(photos, val, recipe.evaluation.holdOut);
}

/** The recipe file, or that of the run that goes on, with the flags over it. */
async function recipeOf(flags: TrainFlags, quiet: boolean): Promise<Recipe> {
  const stored = flags.resume === true && flags.out !== undefined ? path.join(flags.out, RECIPE) : undefined;
  const file = flags.recipe ?? stored ?? DEFAULT_RECIPE;
  const partial: PartialRecipe = await readRecipe(file);
  const own = flags.recipe === undefined && stored === undefined;
  // The shipped encoder's name and description are not the new one's.
  if (own) {
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
  // What the shipped recipe keeps of views and of the start's features, and so the scale of cosines, belongs to what it
  // freezes and to its losses.
  if (own && [flags.loss, flags.freeze, flags.backbone].some((flag) => flag !== undefined)) {
    Object.assign(partial, { keptViews: 0, soup: 1, head: {}, average: [1], vote: {}, evaluation: {} });
  }
  if (flags.epochs !== undefined) {
    partial.epochs = flags.epochs;
    // So many, and not so many times the runs of the shipped encoder's soup.
    if (own) {
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
    if (own) {
      partial.freeze = {};
    }
    if (assumed && !quiet) {
      note(
        'Pixels are scaled by the mean and deviation of ImageNet; a recipe can say otherwise (backbone.pixels).',
      );
    }
  }
  if (flags.freeze !== undefined) {
    partial.freeze = { layers: flags.freeze };
  }
  return completeRecipe(partial, own ? 'The settings' : file);
}
