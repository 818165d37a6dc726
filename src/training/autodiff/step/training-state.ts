/** What an optimiser remembers from step to step. */
import { PawdexError } from '../../../errors.js';
import { countElements, createZeros, type Tensor } from '../../../onnx/tensor.js';
import type { Value } from '../../../onnx/types.js';

/** Weights and optimiser moments by weight name; plain data, to be stored in a checkpoint. */
export interface TrainingState {
  /** Steps taken. */
  step: number;
  weights: Record<string, Tensor>;
  /** Running mean of the gradients; flat. */
  m: Record<string, Tensor>;
  /** Running mean of their squares; flat. */
  v: Record<string, Tensor>;
}

/** Kinds of tensors in the state, as they are named in graphs. */
export const KINDS = ['weights', 'm', 'v'] as const;

/** Name of a state tensor as a graph input; weights keep their own names. */
export function nameInput(kind: (typeof KINDS)[number], weight: string): string {
  return kind === 'weights' ? weight : `${kind} of ${weight}`;
}

/** Name of a state tensor as a graph output. */
export function nameOutput(kind: (typeof KINDS)[number], weight: string): string {
  return `new ${kind} of ${weight}`;
}

/**
 * The state in two sets of buffers: a step reads one and writes the other, and a step that fails leaves what was
 * read as it was.
 */
export class StateBuffers {
  #current: TrainingState;
  #spare: TrainingState;

  constructor(parameters: ReadonlyMap<Value, Tensor>) {
    const named = [...parameters].map(([value, tensor]) => [value.name, tensor] as const);
    const map = (make: (tensor: Tensor) => Tensor) =>
      Object.fromEntries(named.map(([name, tensor]) => [name, make(tensor)]));
    const copies = () => map((tensor) => ({ ...tensor, data: tensor.data.slice() }));
    const flat = () => map(({ dtype, shape }) => createZeros(dtype, [countElements(shape)]));
    this.#current = { step: 0, weights: copies(), m: flat(), v: flat() };
    this.#spare = { step: 0, weights: copies(), m: flat(), v: flat() };
  }

  /** The state now; the next step but one overwrites its memory. */
  get current(): TrainingState {
    return this.#current;
  }

  /** The state as feeds of a graph. */
  feeds(): Record<string, Tensor> {
    return this.#named(this.#current, nameInput);
  }

  /** Where a graph shall write the next state. */
  targets(): Record<string, Tensor> {
    return this.#named(this.#spare, nameOutput);
  }

  /** Makes what was written to {@link targets} the current state. */
  advance(): void {
    const next = { ...this.#spare, step: this.#current.step + 1 };
    this.#spare = this.#current;
    this.#current = next;
  }

  /**
   * Copies a stored state in.
   *
   * @throws PawdexError `model_invalid` when its weights are not those of this network
   */
  load(state: TrainingState): void {
    for (const kind of KINDS) {
      for (const [name, tensor] of Object.entries(this.#current[kind])) {
        const stored = state[kind][name];
        if (stored === undefined || stored.data.length !== tensor.data.length) {
          throw new PawdexError('model_invalid', {
            detail: `The stored state does not fit the weight "${name}".`,
          });
        }
        (tensor.data as Float32Array).set(stored.data as Float32Array);
      }
    }
    this.#current.step = state.step;
  }

  #named(state: TrainingState, name: typeof nameInput): Record<string, Tensor> {
    const entries = KINDS.flatMap((kind) =>
      Object.entries(state[kind]).map(([weight, tensor]) => [name(kind, weight), tensor] as const),
    );
    return Object.fromEntries(entries);
  }
}
