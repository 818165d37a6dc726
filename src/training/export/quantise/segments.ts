/**
 * Runs a model in pieces over many photos, so that a piece can depend on the results of earlier pieces for all photos. The
 * tensors between pieces of a quantised model are 8-bit, so a hundred photos fit into memory.
 */
import { type Model, type ModelNode, type ModelPort, writeModel } from '../../../onnx/onnx-model.js';
import type { Tensor } from '../../../onnx/tensor.js';
import { selectUsedConstants } from '../../../onnx/walk-model.js';
import { GraphSession } from '../../autodiff/graph-session.js';

/** The state of all photos after some nodes of a model. */
export class Segments {
  readonly #model: Model;
  /** For each photo, the tensors that later nodes read. */
  readonly #live: Map<string, Tensor>[];
  #done = 0;

  /** @param feeds one per photo */
  constructor(model: Model, feeds: readonly Readonly<Record<string, Tensor>>[]) {
    this.#model = model;
    this.#live = feeds.map((feed) => new Map(Object.entries(feed)));
  }

  /** Returns one tensor of every photo. */
  getTensors(name: string): Tensor[] {
    return this.#live.map((tensors) => tensors.get(name) as Tensor);
  }

  /** Runs the nodes before `end` that have not run yet, with the current constants. */
  async advance(end: number): Promise<void> {
    const nodes = this.#model.nodes.slice(this.#done, end);
    this.#done = end;
    if (nodes.length === 0) {
      return;
    }
    const later = new Set(this.#model.nodes.slice(end).flatMap(({ inputs }) => inputs));
    const outputs = nodes.flatMap((node) => node.outputs).filter((name) => later.has(name));
    await this.#run(nodes, outputs, (results, live) => {
      for (const name of outputs) {
        live.set(name, results[name] as Tensor);
      }
      for (const name of live.keys()) {
        if (!later.has(name)) {
          live.delete(name);
        }
      }
    });
  }

  /** Runs additional nodes for every photo and passes on their results, without changing anything. */
  async try(nodes: readonly ModelNode[], output: string, use: (result: Tensor) => void): Promise<void> {
    await this.#run(nodes, [output], (results) => use(results[output] as Tensor));
  }

  async #run(
    nodes: readonly ModelNode[],
    outputs: readonly string[],
    use: (results: Record<string, Tensor>, live: Map<string, Tensor>) => void,
  ): Promise<void> {
    const read = new Set(nodes.flatMap(({ inputs }) => inputs));
    const inputs = [...(this.#live[0] ?? [])].flatMap(([name, { dtype, shape }]): ModelPort[] =>
      read.has(name) ? [{ name, dtype, shape }] : [],
    );
    const initialisers = selectUsedConstants(nodes, this.#model.initialisers);
    const model = {
      ...this.#model,
      nodes,
      inputs,
      initialisers,
      outputs: outputs.map((name) => ({ name })),
    };
    await GraphSession.use(writeModel(model), {}, async (session) => {
      for (const live of this.#live) {
        use(await session.run(Object.fromEntries(live)), live);
      }
    });
  }
}
