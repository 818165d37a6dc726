/** The state that a training step reads and writes. */
import { PawdexError } from '../../../errors.js';
import type { Value } from '../../../onnx/onnx-values.js';
import { countElements, createZeros, type Tensor } from '../../../onnx/tensor.js';

/** Tensors by the name of the weight. */
export type Weights = Record<string, Tensor>;

/** Weights and optimiser moments; plain data, to be stored in a checkpoint. */
export interface TrainingState {
  /** Steps taken. */
  step: number;
  weights: Weights;
  /** Running mean of the gradients; flat. */
  m: Weights;
  /** Running mean of their squares; flat. */
  v: Weights;
}

/** Copies weights, so that later steps do not overwrite them. */
export function copyWeights(weights: Readonly<Weights>): Weights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
  );
}

/** Copies stored weights. @throws PawdexError model_invalid when one is missing or of another size */
export function copyInto(into: Readonly<Weights>, from: Readonly<Weights>): void {
  for (const [name, tensor] of Object.entries(into)) {
    const stored = from[name];
    if (stored?.data.length !== tensor.data.length) {
      throw new PawdexError('model_invalid', { detail: `The checkpoint does not fit the weight "${name}".` });
    }
    (tensor.data as Float32Array).set(stored.data as Float32Array);
  }
}

/** Kinds of tensors in the state. */
export const KINDS = ['weights', 'm', 'v'] as const;

/** The name of a state tensor as a graph input. Weights keep their own names. */
export function nameInput(kind: (typeof KINDS)[number], weight: string): string {
  return kind === 'weights' ? weight : `${kind} of ${weight}`;
}

/** The name of a state tensor as a graph output. */
export function nameOutput(kind: (typeof KINDS)[number], weight: string): string {
  return `new ${kind} of ${weight}`;
}

/**
 * The state in two sets of buffers. A step reads one and writes the other, so a step that fails leaves the state as it
 * was.
 */
export class StateBuffers {
  #current: TrainingState;
  #spare: TrainingState;

  constructor(parameters: ReadonlyMap<Value, Tensor>) {
    const initial = Object.fromEntries([...parameters].map(([{ name }, tensor]) => [name, tensor]));
    const createMoments = () =>
      Object.fromEntries(
        [...parameters.keys()].map(({ name, dtype, shape }) => [
          name,
          createZeros(dtype, [countElements(shape)]),
        ]),
      );
    const createState = () => ({
      step: 0,
      weights: copyWeights(initial),
      m: createMoments(),
      v: createMoments(),
    });
    this.#current = createState();
    this.#spare = createState();
  }

  /** The current state. The second step from now overwrites its memory. */
  get current(): TrainingState {
    return this.#current;
  }

  /** The state as feeds of a graph. */
  createFeeds(): Record<string, Tensor> {
    return this.#nameTensors(this.#current, nameInput);
  }

  /** The buffers that a graph writes the next state to. */
  getTargets(): Record<string, Tensor> {
    return this.#nameTensors(this.#spare, nameOutput);
  }

  /** Makes the state in {@link getTargets} the current one. */
  advance(): void {
    const next = { ...this.#spare, step: this.#current.step + 1 };
    this.#spare = this.#current;
    this.#current = next;
  }

  /**
   * Loads a stored state.
   *
   * @throws PawdexError model_invalid if it belongs to another network
   */
  load(state: TrainingState): void {
    for (const kind of KINDS) {
      copyInto(this.#current[kind], state[kind]);
    }
    this.#current.step = state.step;
  }

  #nameTensors(state: TrainingState, name: typeof nameInput): Record<string, Tensor> {
    const entries = KINDS.flatMap((kind) =>
      Object.entries(state[kind]).map(([weight, tensor]) => [name(kind, weight), tensor] as const),
    );
    return Object.fromEntries(entries);
  }
}
