/** Checkpoints: everything a run needs to continue as if it had not been interrupted. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import type { Tensor } from '../../onnx/tensor.js';
import { KINDS, type TrainingState, type Weights } from '../autodiff/step/training-state.js';
import { formatRecipe } from '../recipe/load-recipe.js';
import type { Recipe } from '../recipe/recipe-schema.js';
import { readTensors, writeTensors } from './safetensors.js';

/** What training steps change. Photos and views follow from seed and step, so no random generator's state is stored. */
export interface TrainerState {
  state: TrainingState;
  /** The weights that training started from, for averaging them with the final ones. */
  start: Weights;
  /** Running average of the weights; null if the recipe has none. */
  average: Weights | null;
  /** MoCo's queue, [queue, D], and the momentum encoder's weights; null for other losses. */
  queue: Tensor | null;
  momentum: Weights | null;
  /** Mean of the final weights of finished rounds, if the recipe has several rounds; otherwise empty. */
  soup: Weights;
  /** Number of finished rounds, and of their steps, which `state.step` does not count. */
  finished: { rounds: number; steps: number };
}

/** The state of a run. */
export interface Checkpoint extends TrainerState {
  progress: Progress;
}

/** In the file, rounds are called runs. */
const endedSchema = z.object({ runs: z.int(), steps: z.int() });

const progressSchema = z.object({
  /** Step of the last evaluation. */
  evaluatedAt: z.int(),
  /** Best vote on val so far, and the step it was measured at; null before the first evaluation. */
  best: z.object({ step: z.int(), top1: z.number(), recallAt1: z.number() }).nullable(),
  /** Seconds of training so far. */
  seconds: z.number(),
});

/** The progress of a run, apart from its weights. */
export type Progress = z.infer<typeof progressSchema>;

const FILE = 'checkpoint.safetensors';

/** Whether a folder holds a run that can be resumed. */
export function hasCheckpoint(dir: string): boolean {
  return existsSync(path.join(dir, FILE));
}

/** Writes a checkpoint, replacing the previous one. */
export async function writeCheckpoint(dir: string, checkpoint: Checkpoint, recipe: Recipe): Promise<void> {
  const { state, start, average, queue, momentum, soup, finished, progress } = checkpoint;
  const groups: Record<string, Weights | null> = {
    ...Object.fromEntries(KINDS.map((kind) => [kind, state[kind]])),
    start,
    average,
    momentum,
    soup,
    queue: queue === null ? null : { keys: queue },
  };
  const tensors = Object.entries(groups).flatMap(([group, weights]) =>
    Object.entries(weights ?? {}).map(([name, tensor]): [string, Tensor] => [`${group}/${name}`, tensor]),
  );
  await writeTensors(path.join(dir, FILE), {
    tensors: Object.fromEntries(tensors),
    metadata: {
      step: String(state.step),
      ended: JSON.stringify({ runs: finished.rounds, steps: finished.steps }),
      progress: JSON.stringify(progress),
      recipe: formatRecipe(recipe),
    },
  });
}

/**
 * Reads a folder's checkpoint.
 *
 * @throws PawdexError file_unreadable when there is none, model_invalid when it is damaged, config_invalid when it
 *   belongs to another recipe
 */
export async function readCheckpoint(dir: string, recipe: Recipe): Promise<Checkpoint> {
  const { tensors, metadata } = await readTensors(path.join(dir, FILE));
  if (metadata.recipe !== formatRecipe(recipe)) {
    throw new PawdexError('config_invalid', {
      detail: `The run in ${dir} was started with another recipe.`,
      hint: 'Resume it with the recipe.yaml in that folder, or choose another --out.',
    });
  }
  const group = (prefix: string): Weights =>
    Object.fromEntries(
      Object.entries(tensors).flatMap(([name, tensor]) =>
        name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), tensor]] : [],
      ),
    );
  const orNull = (weights: Weights) => (Object.keys(weights).length > 0 ? weights : null);
  const { runs: rounds, steps } = endedSchema.parse(JSON.parse(metadata.ended ?? '{}'));
  return {
    state: { step: Number(metadata.step), weights: group('weights'), m: group('m'), v: group('v') },
    start: group('start'),
    average: orNull(group('average')),
    momentum: orNull(group('momentum')),
    queue: group('queue').keys ?? null,
    soup: group('soup'),
    finished: { rounds, steps },
    progress: progressSchema.parse(JSON.parse(metadata.progress ?? '{}')),
  };
}
