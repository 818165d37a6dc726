import { describe, expect, it } from 'vitest';
import type { Value } from '../../../src/onnx/onnx-values.js';
import { createFloatTensor, createIntTensor, type Tensor } from '../../../src/onnx/tensor.js';
import { appendGradients } from '../../../src/training/autodiff/append-gradients.js';
import { checkGradients } from '../../../src/training/autodiff/check-gradients.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { declareTemperature } from '../../../src/training/losses/contrast.js';
import {
  appendInfoNce,
  appendMoco,
  appendNtXent,
  appendProxyNca,
  appendSupCon,
} from '../../../src/training/losses/contrastive-losses.js';
import { evaluate, noise } from '../autodiff/helpers.js';

const temperature = 0.5;

/** Rows of a [N, D] tensor as arrays. */
function rowsOf({ data, shape }: Tensor): number[][] {
  const width = shape[1] ?? 1;
  return Array.from({ length: shape[0] ?? 0 }, (_, i) =>
    Array.from(data.slice(i * width, (i + 1) * width), Number),
  );
}

const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
const cosine = (a: number[], b: number[]) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const similarity = (a: number[], b: number[]) => Math.exp(cosine(a, b) / temperature);

/** The value of a scalar loss. */
async function lossOf(build: (g: GraphBuilder) => Value): Promise<number> {
  const g = new GraphBuilder();
  const { loss } = await evaluate(g, { loss: build(g) });
  return Number(loss?.data[0]);
}

/** Loops that follow the papers' formulas, in double precision. */
const byHand = {
  infoNce: (q: number[][], k: number[][]) =>
    mean(
      q.map((qi, i) => -Math.log(similarity(qi, k[i]!) / k.reduce((sum, kj) => sum + similarity(qi, kj), 0))),
    ),
  supCon(z: number[][], labels: number[]) {
    const terms = z.flatMap((zi, i) => {
      const others = z.map((_, a) => a).filter((a) => a !== i);
      const positives = others.filter((a) => labels[a] === labels[i]);
      const all = others.reduce((sum, a) => sum + similarity(zi, z[a]!), 0);
      return positives.length > 0 ? [mean(positives.map((p) => -Math.log(similarity(zi, z[p]!) / all)))] : [];
    });
    return mean(terms);
  },
  moco: (q: number[][], k: number[][], queue: number[][]) =>
    mean(
      q.map((qi, i) => {
        const positive = similarity(qi, k[i]!);
        return -Math.log(positive / (positive + queue.reduce((sum, n) => sum + similarity(qi, n), 0)));
      }),
    ),
};

describe('contrastive losses, compared with their formulas,', () => {
  const a = noise(1, [6, 5]);
  const b = noise(2, [6, 5]);

  it('match for InfoNCE on pairs', async () => {
    const expected = byHand.infoNce(rowsOf(a), rowsOf(b));
    expect(await lossOf((g) => appendInfoNce(g, g.constant(a), g.constant(b), { temperature }))).toBeCloseTo(
      expected,
      5,
    );
    const both = (expected + byHand.infoNce(rowsOf(b), rowsOf(a))) / 2;
    const symmetric = (g: GraphBuilder) =>
      appendInfoNce(g, g.constant(a), g.constant(b), { temperature, symmetric: true });
    expect(await lossOf(symmetric)).toBeCloseTo(both, 5);
  });

  it('match for SupCon, with examples alone in their class', async () => {
    const labels = [3, 1, 3, 7, 1, 3];
    const expected = byHand.supCon(rowsOf(a), labels);
    const build = (g: GraphBuilder) => appendSupCon(g, g.constant(a), g.integers(labels), { temperature });
    expect(await lossOf(build)).toBeCloseTo(expected, 5);
  });

  it('match for NT-Xent, where the positive is the other view of the same photo', async () => {
    const expected = byHand.supCon(rowsOf(a), [0, 1, 2, 0, 1, 2]);
    expect(await lossOf((g) => appendNtXent(g, g.constant(a), { temperature }))).toBeCloseTo(expected, 5);
  });

  it('match for MoCo, where the queue has the negatives, not the keys of other queries', async () => {
    const queue = noise(3, [9, 5]);
    const expected = byHand.moco(rowsOf(a), rowsOf(b), rowsOf(queue));
    const build = (g: GraphBuilder) =>
      appendMoco(g, g.constant(a), g.constant(b), g.constant(queue), { temperature });
    expect(await lossOf(build)).toBeCloseTo(expected, 5);
  });

  it('match for InfoNCE against class proxies', async () => {
    const proxies = noise(4, [4, 5]);
    const labels = [0, 3, 3, 1, 2, 0];
    const p = rowsOf(proxies);
    const expected = mean(
      rowsOf(a).map(
        (z, i) => -Math.log(similarity(z, p[labels[i]!]!) / p.reduce((s, c) => s + similarity(z, c), 0)),
      ),
    );
    const build = (g: GraphBuilder) =>
      appendProxyNca(g, g.constant(a), g.constant(proxies), g.integers(labels), { temperature });
    expect(await lossOf(build)).toBeCloseTo(expected, 5);
  });

  it('match in a worked example of two orthogonal pairs', async () => {
    // q1 = k1 = (1, 0), q2 = k2 = (0, 1): similarities 1 and 0, so L = -ln(e^2 / (e^2 + 1)) at t = 0.5
    const unit = createFloatTensor([1, 0, 0, 1], [2, 2]);
    const expected = Math.log(1 + Math.exp(-2));
    expect(
      await lossOf((g) => appendInfoNce(g, g.constant(unit), g.constant(unit), { temperature })),
    ).toBeCloseTo(expected, 6);
  });

  it('weight hard negatives as Robinson et al. do', async () => {
    const hardness = 1.5;
    const [q, k] = [rowsOf(a), rowsOf(b)];
    const expected = mean(
      q.map((qi, i) => {
        const negatives = k.filter((_, j) => j !== i).map((kj) => similarity(qi, kj));
        const weights = negatives.map((s) => s ** hardness);
        const weighted = negatives.reduce((sum, s, j) => sum + (weights[j]! / mean(weights)) * s, 0);
        const positive = similarity(qi, k[i]!);
        return -Math.log(positive / (positive + weighted));
      }),
    );
    const build = (g: GraphBuilder) =>
      appendInfoNce(g, g.constant(a), g.constant(b), { temperature, hardness });
    expect(await lossOf(build)).toBeCloseTo(expected, 4);
  });

  it('do not depend on the length of the embeddings', async () => {
    const longer = { ...a, data: (a.data as Float32Array).map((value) => value * 37) };
    const loss = (z: Tensor) => lossOf((g) => appendNtXent(g, g.constant(z), { temperature }));
    expect(await loss(longer)).toBeCloseTo(await loss(a), 5);
  });
});

describe('a contrastive loss', () => {
  it('never compares a view with itself', async () => {
    // Views of one photo at right angles, other photos the other way. Were an example its own candidate, e^(1/t)
    // would be in the denominator.
    const z = createFloatTensor([1, 0, 0, 1, 0, 1, 1, 0], [4, 2]);
    // view 0 = (1,0): positive is view 2 = (0,1); negatives are views 1 = (0,1) and 3 = (1,0)
    const expected = -Math.log(1 / (1 + 1 + Math.exp(2)));
    expect(await lossOf((g) => appendNtXent(g, g.constant(z), { temperature }))).toBeCloseTo(expected, 5);
  });

  it('refuses a softmax over one element, which could learn nothing', () => {
    const refused = expect.objectContaining({ code: 'config_invalid' });
    const g = new GraphBuilder();
    const rows = (count: number) => g.constant(noise(1, [count, 3]));
    expect(() => appendInfoNce(g, rows(1), rows(1), { temperature })).toThrow(refused);
    expect(() => appendNtXent(g, rows(2), { temperature })).toThrow(refused);
    expect(() => appendSupCon(g, rows(2), g.integers([0, 0]), { temperature })).toThrow(refused);
    expect(() => appendProxyNca(g, rows(4), rows(1), g.integers([0, 0, 0, 0]), { temperature })).toThrow(
      refused,
    );
    expect(() => appendMoco(g, rows(2), rows(2), rows(0), { temperature })).toThrow(refused);
  });

  it('has the negatives in the denominator: pushing them away lowers the loss', async () => {
    const loss = (negative: number) => {
      const z = createFloatTensor([1, 0, negative, 1 - negative, 1, 0, negative, 1 - negative], [4, 2]);
      return lossOf((g) => appendNtXent(g, g.constant(z), { temperature }));
    };
    expect(await loss(0)).toBeLessThan(await loss(0.9));
  });

  it('is zero, with a zero gradient, if no example has a positive', async () => {
    const g = new GraphBuilder();
    const z = g.parameter('z', noise(5, [4, 3]));
    const loss = appendSupCon(g, z, g.integers([1, 2, 3, 4]), { temperature });
    const d = appendGradients(g, new Map([[loss, g.scalar(1)]]), [z]).get(z)!;
    const results = await evaluate(g, { loss, d });
    expect(Number(results.loss?.data[0])).toBeCloseTo(0, 10);
    expect(Array.from(results.d?.data ?? [], Number).every((value) => value === 0)).toBe(true);
  });
});

describe('gradients of the losses', () => {
  const labels = createIntTensor([0, 1, 0, 1, 2, 2]);
  const cases: Record<string, (g: GraphBuilder, z: Value) => Value> = {
    'InfoNCE, symmetric': (g, z) =>
      appendInfoNce(g, z, g.constant(noise(2, [6, 4])), { temperature, symmetric: true }),
    'NT-Xent': (g, z) => appendNtXent(g, z, { temperature }),
    'SupCon with hard negatives': (g, z) =>
      appendSupCon(g, z, g.constant(labels), { temperature, hardness: 0.7 }),
    MoCo: (g, z) =>
      appendMoco(g, z, g.constant(noise(3, [6, 4])), g.constant(noise(4, [5, 4])), { temperature }),
    'proxies and a learned temperature': (g, z) =>
      appendProxyNca(g, z, g.parameter('proxies', noise(5, [3, 4])), g.constant(labels), {
        temperature: declareTemperature(g, 0.3),
      }),
  };
  for (const [name, build] of Object.entries(cases)) {
    it(`match finite differences: ${name}`, async () => {
      const g = new GraphBuilder();
      const objective = build(g, g.parameter('z', noise(1, [6, 4])));
      const checks = await checkGradients(g, { objective });
      expect(checks.length).toBe(name.startsWith('proxies') ? 3 : 1);
      for (const { relativeError } of checks) {
        expect(relativeError).toBeLessThan(1e-3);
      }
    });
  }
});
