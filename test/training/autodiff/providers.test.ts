import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFloatTensor, createIntTensor, type Tensor } from '../../../src/onnx/tensor.js';
import { appendGradients } from '../../../src/training/autodiff/append-gradients.js';
import type { Placement, Provider } from '../../../src/training/autodiff/execution-provider.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../src/training/autodiff/graph-session.js';
import { importModel } from '../../../src/training/autodiff/import/import-model.js';
import { TrainingStep } from '../../../src/training/autodiff/step/training-step.js';
import { appendSupCon } from '../../../src/training/losses/contrastive-losses.js';
import { node, noise, relativeError } from './helpers.js';
import { mobile, type Network, residual, transformer } from './networks.js';
import { findProviders } from './providers.js';
import { RULE_CASES, type RuleCase } from './rule-cases.js';

const found = findProviders();
const providers = [
  { provider: 'webgpu' as const, missing: 'no Vulkan driver that WebGPU runs on' },
  { provider: 'cuda' as const, missing: 'onnxruntime’s CUDA provider or a GPU for it is not there' },
];
for (const { provider, missing } of providers) {
  if (!found.has(provider)) {
    console.log(`${provider} tests are skipped: ${missing} (docs/gpu.md)`);
  }
}

/** Largest relative difference from the CPU. CUDA multiplies in TF32, with ten bits of mantissa. */
const CLOSE = { webgpu: 1e-3, cuda: 1e-2 };

async function run(bytes: Uint8Array, feeds: Record<string, Tensor>, provider: Provider) {
  const placements: Placement[] = [];
  const session = await GraphSession.open(bytes, {
    provider,
    onPlacement: (placement) => placements.push(placement),
  });
  const results = await session.run(feeds);
  await session.close();
  return { results, placements };
}

/** The largest relative difference of a provider's results from the CPU's. */
async function difference(
  provider: Provider,
  bytes: Uint8Array,
  feeds: Record<string, Tensor>,
): Promise<number> {
  const cpu = await run(bytes, feeds, 'cpu');
  const gpu = await run(bytes, feeds, provider);
  return Math.max(
    ...Object.entries(cpu.results).map(([name, { data }]) => {
      const norm = Math.hypot(...Array.from(data, Number));
      // What vanishes is noise on both sides.
      return norm < 1e-5 ? 0 : relativeError(gpu.results[name]?.data ?? [], data);
    }),
  );
}

/** A case's output and the gradients of its inputs. */
function graphOf({ inputs, build }: RuleCase) {
  const g = new GraphBuilder();
  const values = inputs.map((tensor, i) => g.parameter(`p${i}`, tensor));
  const output = build(g, ...values);
  const found = appendGradients(g, new Map([[output, g.expand(g.scalar(1), output.shape)]]), values);
  g.output('value', output);
  for (const [value, gradient] of found) {
    g.output(`d ${value.name}`, gradient);
  }
  return { bytes: g.toBytes(), feeds: Object.fromEntries(inputs.map((tensor, i) => [`p${i}`, tensor])) };
}

for (const { provider } of providers) {
  describe.skipIf(!found.has(provider))(`${provider} beside the CPU`, () => {
    for (const [op, cases] of Object.entries(RULE_CASES)) {
      it(`${op} and its gradient`, async () => {
        // Written otherwise on import, see below.
        const flat = ({ inputs: [x] }: RuleCase) => op === 'BatchNormalization' && x?.shape.length === 2;
        for (const ruleCase of fc.sample(
          cases.filter((each) => !flat(each)),
          { numRuns: 2, seed: 5 },
        )) {
          const { bytes, feeds } = graphOf(ruleCase);
          expect(await difference(provider, bytes, feeds)).toBeLessThan(CLOSE[provider]);
        }
      });
    }

    // Channels that onnxruntime's channels-last convolution gets wrong, and some that it does not.
    it.each([3, 6, 8, 9, 18])('a convolution of %i channels into 8', async (channels) => {
      const g = new GraphBuilder();
      const [x, weight] = [noise(1, [2, channels, 9, 9]), noise(2, [8, channels, 3, 3])];
      g.output('y', g.conv(g.input('x', 'float32', x.shape), g.input('w', 'float32', weight.shape), {}));
      expect(await difference(provider, g.toBytes(), { x, w: weight })).toBeLessThan(CLOSE[provider]);
    });

    it('an imported batch normalisation without positions', async () => {
      const perChannel = ['scale', 'bias', 'mean'].map((name, i) => [name, noise(i, [4])] as const);
      const variance = createFloatTensor([0.5, 1, 2, 3], [4]);
      const x = noise(7, [2, 4]);
      const g = new GraphBuilder();
      const model = {
        opset: 17,
        inputs: [{ name: 'x', dtype: 'float32' as const, shape: ['n', 4] }],
        outputs: [{ name: 'y', dtype: 'float32' as const, shape: ['n', 4] }],
        initialisers: new Map([...perChannel, ['var', variance] as const]),
        nodes: [node('BatchNormalization', ['x', 'scale', 'bias', 'mean', 'var'], ['y'])],
      };
      const outputs = await importModel(g, model, { inputs: { x: g.input('x', 'float32', x.shape) } });
      for (const [name, value] of outputs) {
        g.output(name, value);
      }
      expect(await difference(provider, g.toBytes(), { x })).toBeLessThan(CLOSE[provider]);
    });

    it.each(Object.entries({ mobile, residual, transformer } satisfies Record<string, Network>))(
      'three training steps of the %s network, and where its operators ran',
      async (name, network) => {
        const { default: fixture } = await import(`../../fixtures/training/${name}.json`);
        const tensorOf = ({ data, shape }: { data: number[]; shape: number[] }) =>
          createFloatTensor(data, shape);
        const weights = Object.fromEntries(
          Object.entries(fixture.weights as Record<string, { data: number[]; shape: number[] }>).map(
            ([key, flat]) => [key, tensorOf(flat)],
          ),
        );
        const x = tensorOf(fixture.x);
        const placements: Placement[] = [];
        const step = await TrainingStep.create(
          {
            encoder: (g, batch) => network(g, g.input('x', 'float32', [batch, ...x.shape.slice(1)]), weights),
            loss: (g, z) =>
              appendSupCon(g, z, g.input('labels', 'int64', [z.shape[0] ?? 0]), {
                temperature: fixture.temperature,
              }),
          },
          {
            batch: fixture.labels.length,
            optimiser: fixture.optimiser,
            session: { provider, onPlacement: (placement) => placements.push(placement) },
          },
        );
        for (const expected of fixture.losses.slice(0, 3)) {
          const { loss } = await step.run(
            { x, labels: createIntTensor(fixture.labels) },
            fixture.optimiser.learningRate,
          );
          expect(Math.abs(loss - expected)).toBeLessThan(CLOSE[provider] / 10);
        }
        await step.close();
        expect(placements).toHaveLength(1); // reported once
        const [{ onProvider, onCpu, copies }] = placements as [Placement];
        expect(onProvider).toBeGreaterThan(100);
        if (provider === 'cuda') {
          return;
        }
        // Labels are compared on the CPU, and a MaxPool that gives indices cannot run elsewhere.
        expect(copies).toBeGreaterThan(0);
        expect(onCpu).toMatchObject({ Equal: 1, ...(name === 'residual' ? { MaxPool: 1 } : {}) });
      },
    );
  });
}

/** CUDA's part of onnxruntime, which npm's package does not hold: installed by hand, and by no test. */
const cuda = fileURLToPath(
  new URL(
    '../../../node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime_providers_cuda.so',
    import.meta.url,
  ),
);

describe.skipIf(existsSync(cuda))('a missing provider', () => {
  it('is refused with advice, and nothing runs on the CPU instead', async () => {
    const g = new GraphBuilder();
    g.output('y', g.exp(g.input('x', 'float32', [1])));
    await expect(GraphSession.open(g.toBytes(), { provider: 'cuda' })).rejects.toThrow(
      expect.objectContaining({ code: 'provider_unavailable', hint: expect.stringContaining('cuda12') }),
    );
  });
});
