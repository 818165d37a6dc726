/** One generator per operator: random shapes and attributes, and values where the operator is smooth. */
import fc from 'fast-check';
import { createRandom } from '../../../src/math/random.js';
import { type Attribute, asFloat } from '../../../src/onnx/onnx-model.js';
import type { Value } from '../../../src/onnx/onnx-values.js';
import { countElements, createFloatTensor, type Tensor } from '../../../src/onnx/tensor.js';
import type { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';

/** A graph to differentiate: trainable inputs, and what is computed from them. */
export interface RuleCase {
  inputs: Tensor[];
  build(g: GraphBuilder, ...inputs: Value[]): Value;
}

type Fill = (random: () => number, index: number, count: number) => number;

/** Magnitudes in [0.2, 1.7] with random sign: away from the kinks at 0. */
const signed: Fill = (random) => (0.2 + 1.5 * random()) * (random() < 0.5 ? -1 : 1);
const positive: Fill = (random) => 0.4 + 1.5 * random();
/** Uniform in [-2, 2], kept 0.1 away from the given points. */
const avoiding =
  (...points: number[]): Fill =>
  (random) => {
    for (;;) {
      const value = random() * 4 - 2;
      if (points.every((point) => Math.abs(value - point) > 0.1)) {
        return value;
      }
    }
  };

function tensor(seed: number, shape: readonly number[], fill: Fill = signed): Tensor {
  const random = createRandom(seed);
  const count = countElements(shape);
  return createFloatTensor(
    Array.from({ length: count }, (_, i) => fill(random, i, count)),
    shape,
  );
}

/** Values 0.15 apart in random order, so that a small step never changes which one is the largest. */
function distinct(seed: number, shape: readonly number[]): Tensor {
  const random = createRandom(seed);
  const order = Array.from({ length: countElements(shape) }, (_, i) => ({ i, key: random() }));
  order.sort((a, b) => a.key - b.key);
  return createFloatTensor(
    order.map(({ i }) => 0.15 * i - 1),
    shape,
  );
}

const seed = fc.integer({ min: 1, max: 2 ** 30 });
const dim = fc.integer({ min: 1, max: 4 });
const shape = (min: number, max: number) => fc.array(dim, { minLength: min, maxLength: max });
const shapeAndAxis = (min = 1) =>
  shape(min, 4).chain((dims) =>
    fc.record({
      dims: fc.constant(dims),
      axis: fc.integer({ min: -dims.length, max: dims.length - 1 }),
      seed,
    }),
  );

/** An operator of one input. */
function unary(
  op: string,
  fill: Fill = signed,
  attributes: fc.Arbitrary<Record<string, Attribute>> = fc.constant({}),
) {
  return fc.record({ dims: shape(0, 3), seed, attributes }).map(
    ({ dims, seed, attributes }): RuleCase => ({
      inputs: [tensor(seed, dims, fill)],
      build: (g, x) => g.op(op, [x], attributes),
    }),
  );
}

/** An operator of two inputs whose shapes broadcast, both differentiated. */
function binary(op: string, fillA: Fill = signed, fillB: Fill = signed) {
  const ones = fc.array(fc.boolean(), { minLength: 4, maxLength: 4 });
  return fc
    .record({ dims: shape(1, 4), dropA: ones, dropB: ones, lead: fc.nat(2), swap: fc.boolean(), seed })
    .map(({ dims, dropA, dropB, lead, swap, seed }): RuleCase => {
      const a = dims.map((d, i) => (dropA[i] && dropB[i] ? d : dropA[i] ? 1 : d));
      const b = dims.map((d, i) => (dropB[i] && !dropA[i] ? 1 : d)).slice(Math.min(lead, dims.length));
      const shapes = swap ? [b, a] : [a, b];
      return {
        inputs: [tensor(seed, shapes[0] ?? [], fillA), tensor(seed + 1, shapes[1] ?? [], fillB)],
        build: (g, x, y) => g.op(op, [x, y]),
      };
    });
}

function reduction(
  op: string,
  values: (seed: number, dims: readonly number[]) => Tensor = (s, d) => tensor(s, d),
) {
  return fc.record({ dims: shape(1, 4), mask: fc.nat(15), keepdims: fc.nat(1), seed }).map(
    ({ dims, mask, keepdims, seed }): RuleCase => ({
      inputs: [values(seed, dims)],
      build: (g, x) => {
        const axes = dims.flatMap((_, axis) =>
          mask & (1 << axis) ? [axis % 2 === 0 ? axis : axis - dims.length] : [],
        );
        return g.op(op, axes.length > 0 ? [x, g.integers(axes)] : [x], { keepdims });
      },
    }),
  );
}

const window = (axes: number) => {
  const each = (min: number, max: number) =>
    fc.array(fc.integer({ min, max }), { minLength: axes, maxLength: axes });
  return fc.record({
    kernel_shape: each(1, 3),
    strides: each(1, 3),
    dilations: each(1, 2),
    begin: each(0, 2),
    end: each(0, 2),
    extra: each(0, 3),
  });
};

const convolution = fc
  .record({
    axes: fc.integer({ min: 1, max: 2 }),
    batch: fc.integer({ min: 1, max: 3 }),
    group: fc.integer({ min: 1, max: 3 }),
  })
  .chain(({ axes, batch, group }) =>
    fc.record({
      batch: fc.constant(batch),
      group: fc.constant(group),
      inPer: fc.integer({ min: 1, max: 2 }),
      outPer: fc.integer({ min: 1, max: 2 }),
      bias: fc.boolean(),
      pads: fc.constantFrom('explicit', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
      w: window(axes),
      seed,
    }),
  )
  .map(({ batch, group, inPer, outPer, bias, pads, w, seed }): RuleCase => {
    const spatial = w.kernel_shape.map((k, i) => (k - 1) * (w.dilations[i] ?? 1) + 1 + (w.extra[i] ?? 0));
    const inputs = [
      tensor(seed, [batch, group * inPer, ...spatial]),
      tensor(seed + 1, [group * outPer, inPer, ...w.kernel_shape]),
      ...(bias ? [tensor(seed + 2, [group * outPer])] : []),
    ];
    const { kernel_shape, strides, dilations } = w;
    const padding: Record<string, Attribute> =
      pads === 'explicit' ? { pads: [...w.begin, ...w.end] } : { auto_pad: pads };
    // onnxruntime allows SAME padding with dilation 1 only
    const spread = pads === 'explicit' ? dilations : dilations.map(() => 1);
    return {
      inputs,
      build: (g, ...values) =>
        g.op('Conv', values, { kernel_shape, strides, dilations: spread, group, ...padding }),
    };
  });

/** A convolution as MobileNets have it: 1x1 across channels, or one kernel per channel. */
const separable = fc
  .record({
    batch: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
    out: fc.integer({ min: 1, max: 3 }),
    size: fc.integer({ min: 2, max: 5 }),
    k: fc.constantFrom(1, 3),
    stride: fc.integer({ min: 1, max: 2 }),
    seed,
  })
  .map(({ batch, channels, out, size, k, stride, seed }): RuleCase => {
    const outputs = k === 1 ? out : channels;
    const group = k === 1 ? 1 : channels;
    const pads = k === 1 ? [0, 0, 0, 0] : [stride === 2 ? 0 : 1, 1, 1, 1];
    return {
      inputs: [
        tensor(seed, [batch, channels, size, size]),
        tensor(seed + 1, [outputs, channels / group, k, k]),
      ],
      build: (g, x, w) =>
        g.op('Conv', [x, w], { kernel_shape: [k, k], strides: [stride, stride], pads, group }),
    };
  });

function pooling(op: 'MaxPool' | 'AveragePool') {
  return fc
    .record({
      axes: fc.integer({ min: 1, max: 2 }),
      ceil: fc.nat(1),
      include: fc.nat(1),
      channels: dim,
      seed,
    })
    .chain((r) => window(r.axes).map((w) => ({ ...r, w })))
    .map(({ ceil, include, channels, seed, w }): RuleCase => {
      const kernel = w.kernel_shape.map((k) => k + 1);
      // pads smaller than the window, as onnxruntime asks
      const pads = [...w.begin, ...w.end].map((p, i) => Math.min(p, (kernel[i % kernel.length] ?? 1) - 1));
      const dilations: Record<string, Attribute> = op === 'MaxPool' ? { dilations: w.dilations } : {};
      const spatial = kernel.map(
        (k, i) => (k - 1) * (op === 'MaxPool' ? (w.dilations[i] ?? 1) : 1) + 1 + (w.extra[i] ?? 0),
      );
      const attributes: Record<string, Attribute> = {
        kernel_shape: kernel,
        strides: w.strides,
        pads,
        ceil_mode: ceil,
        ...dilations,
      };
      if (op === 'AveragePool') {
        attributes.count_include_pad = include;
      }
      return {
        inputs: [distinct(seed, [2, channels, ...spatial])],
        build: (g, x) => g.op(op, [x], attributes),
      };
    });
}

const matMul = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    batch: shape(0, 2),
    broadcast: fc.constantFrom('none', 'a', 'b'),
    vector: fc.constantFrom('', '', 'a', 'b', 'ab'),
    seed,
  })
  .map(({ m, k, n, batch, broadcast, vector, seed }): RuleCase => {
    const a = vector.includes('a') ? [k] : [...(broadcast === 'a' ? [] : batch), m, k];
    const b = vector.includes('b')
      ? [k]
      : [...(broadcast === 'b' ? batch.map(() => 1) : broadcast === 'a' ? batch : batch), k, n];
    return { inputs: [tensor(seed, a), tensor(seed + 1, b)], build: (g, x, y) => g.matMul(x, y) };
  });

const gemm = fc
  .record({
    m: dim,
    k: dim,
    n: dim,
    transA: fc.nat(1),
    transB: fc.nat(1),
    c: fc.constantFrom('none', 'row', 'column', 'full', 'scalar'),
    seed,
  })
  .map(({ m, k, n, transA, transB, c, seed }): RuleCase => {
    const bias = { none: undefined, row: [n], column: [m, 1], full: [m, n], scalar: [] }[c];
    return {
      inputs: [
        tensor(seed, transA ? [k, m] : [m, k]),
        tensor(seed + 1, transB ? [n, k] : [k, n]),
        ...(bias ? [tensor(seed + 2, bias)] : []),
      ],
      build: (g, ...values) =>
        g.op('Gemm', values, { transA, transB, alpha: asFloat(0.7), beta: asFloat(1.3) }),
    };
  });

const batchNormalization = fc.record({ batch: dim, channels: dim, spatial: shape(0, 2), seed }).map(
  ({ batch, channels, spatial, seed }): RuleCase => ({
    inputs: [
      tensor(seed, [batch, channels, ...spatial]),
      tensor(seed + 1, [channels]),
      tensor(seed + 2, [channels]),
    ],
    build: (g, x, scale, bias) => {
      const mean = g.constant(tensor(seed + 3, [channels]));
      const variance = g.constant(tensor(seed + 4, [channels], positive));
      return g.op('BatchNormalization', [x, scale, bias, mean, variance], { epsilon: asFloat(1e-3) });
    },
  }),
);

const layerNormalization = fc
  .record({
    lead: shape(1, 2),
    last: fc.array(fc.integer({ min: 3, max: 4 }), { minLength: 1, maxLength: 2 }),
    bias: fc.boolean(),
    seed,
  })
  .map(
    ({ lead, last, bias, seed }): RuleCase => ({
      inputs: [
        tensor(seed, [...lead, ...last]),
        tensor(seed + 1, last),
        ...(bias ? [tensor(seed + 2, last)] : []),
      ],
      build: (g, ...values) =>
        g.op('LayerNormalization', values, { axis: -last.length, epsilon: asFloat(1e-3) }),
    }),
  );

const transpose = fc
  .record({ dims: shape(1, 4), seed })
  .chain(({ dims, seed }) =>
    fc
      .shuffledSubarray(
        dims.map((_, axis) => axis),
        { minLength: dims.length },
      )
      .map((perm) => ({ dims, seed, perm })),
  )
  .map(
    ({ dims, seed, perm }): RuleCase => ({
      inputs: [tensor(seed, dims)],
      build: (g, x) => g.op('Transpose', [x], { perm }),
    }),
  );

const concat = fc.record({ sizes: fc.array(dim, { minLength: 1, maxLength: 3 }), at: shapeAndAxis(2) }).map(
  ({ sizes, at }): RuleCase => ({
    inputs: sizes.map((size, i) => tensor(at.seed + i, at.dims.with(at.axis, size))),
    build: (g, ...values) => g.op('Concat', values, { axis: at.axis }),
  }),
);

const slice = fc
  .record({
    dims: shape(2, 3),
    start: fc.integer({ min: -5, max: 5 }),
    end: fc.integer({ min: -6, max: 9 }),
    step: fc.constantFrom(1, 2, 3, -1, -2),
    axis: fc.nat(1),
    seed,
  })
  .map(
    ({ dims, start, end, step, axis, seed }): RuleCase => ({
      inputs: [tensor(seed, dims.with(axis, 5))],
      // joined with x so that an empty slice still gives something to differentiate
      build: (g, x) => g.concat([g.square(g.slice(x, axis, start, end, step)), x], axis),
    }),
  );

const split = fc
  .record({
    at: shapeAndAxis(),
    part: fc.nat(2),
    sizes: fc.array(dim, { minLength: 3, maxLength: 3 }),
    equal: fc.boolean(),
  })
  .map(
    ({ at, part, sizes, equal }): RuleCase => ({
      inputs: [tensor(at.seed, at.dims.with(at.axis, equal ? 7 : sizes.reduce((a, b) => a + b)))],
      build: (g, x) => {
        const how: Record<string, Attribute> = equal ? { axis: at.axis, num_outputs: 3 } : { axis: at.axis };
        const parts = g.addNode('Split', equal ? [x] : [x, g.integers(sizes)], {
          attributes: how,
          outputCount: 3,
        });
        return g.square(parts[part] as Value);
      },
    }),
  );

const gather = fc
  .record({
    at: shapeAndAxis(),
    picks: fc.array(fc.integer({ min: -4, max: 3 }), { minLength: 1, maxLength: 6 }),
    form: fc.constantFrom('list', 'table', 'scalar'),
  })
  .map(
    ({ at, picks, form }): RuleCase => ({
      inputs: [tensor(at.seed, at.dims.with(at.axis, 4))],
      build: (g, x) => {
        const shape = { list: [picks.length], table: [1, picks.length], scalar: [] }[form];
        const data = BigInt64Array.from(form === 'scalar' ? picks.slice(0, 1) : picks, BigInt);
        return g.op('Gather', [x, g.constant({ dtype: 'int64', shape, data })], { axis: at.axis });
      },
    }),
  );

const pad = fc
  .record({
    dims: fc.array(fc.integer({ min: 3, max: 4 }), { minLength: 1, maxLength: 3 }),
    mode: fc.constantFrom('constant', 'edge', 'reflect', 'wrap'),
    amounts: fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 6, maxLength: 6 }),
    seed,
  })
  .map(
    ({ dims, mode, amounts, seed }): RuleCase => ({
      inputs: [tensor(seed, dims)],
      build: (g, x) => {
        const pads = dims
          .flatMap(() => 0)
          .concat(dims.map(() => 0))
          .map((_, i) => amounts[i] ?? 0);
        const allowed = mode === 'constant' ? pads : pads.map((p) => Math.max(p, 0));
        return g.op('Pad', [x, g.integers(allowed)], { mode });
      },
    }),
  );

const where = fc.record({ dims: shape(1, 3), row: fc.boolean(), seed }).map(
  ({ dims, row, seed }): RuleCase => ({
    inputs: [tensor(seed, dims), tensor(seed + 1, row ? dims.slice(-1) : dims)],
    build: (g, a, b) => g.where(g.greater(g.constant(tensor(seed + 2, dims)), 0), a, b),
  }),
);

const reshaped = (op: 'Reshape' | 'Flatten' | 'Squeeze' | 'Unsqueeze') =>
  fc.record({ dims: shape(2, 3), axis: fc.integer({ min: 0, max: 2 }), seed }).map(
    ({ dims, axis, seed }): RuleCase => ({
      inputs: [tensor(seed, op === 'Squeeze' ? dims.toSpliced(axis, 0, 1) : dims)],
      build: (g, x) => {
        if (op === 'Flatten') {
          return g.square(g.op('Flatten', [x], { axis }));
        }
        const list = op === 'Reshape' ? [-1, 0].slice(0, 1) : [axis];
        return g.square(g.op(op, [x, g.integers(list)]));
      },
    }),
  );

/** Operator -> cases. Every rule has an entry; a test holds that. */
export const RULE_CASES: Record<string, fc.Arbitrary<RuleCase>> = {
  Abs: unary('Abs'),
  Add: binary('Add'),
  AveragePool: pooling('AveragePool'),
  BatchNormalization: batchNormalization,
  Cast: unary('Cast', signed, fc.constant({ to: 1 })),
  Clip: fc
    .record({
      dims: shape(1, 3),
      low: fc.constantFrom(undefined, -1, 0),
      high: fc.constantFrom(undefined, 0.5, 1),
      seed,
    })
    .map(
      ({ dims, low, high, seed }): RuleCase => ({
        inputs: [tensor(seed, dims, avoiding(-1, 0, 0.5, 1))],
        build: (g, x) =>
          g.op('Clip', [
            x,
            low === undefined ? undefined : g.scalar(low),
            high === undefined ? undefined : g.scalar(high),
          ]),
      }),
    ),
  Concat: concat,
  Conv: fc.oneof(convolution, separable),
  Div: binary('Div', signed, (random) => (0.6 + random()) * (random() < 0.5 ? -1 : 1)),
  Erf: unary('Erf'),
  Exp: unary('Exp'),
  Expand: fc.record({ dims: shape(1, 3), by: dim, axis: fc.nat(2), seed }).map(
    ({ dims, by, axis, seed }): RuleCase => ({
      inputs: [tensor(seed, dims.with(axis % dims.length, 1))],
      build: (g, x) => g.expand(x, [2, ...dims.with(axis % dims.length, by)]),
    }),
  ),
  Flatten: reshaped('Flatten'),
  Gather: gather,
  Gelu: fc.record({ dims: shape(1, 3), approximate: fc.constantFrom('none', 'tanh'), seed }).map(
    ({ dims, approximate, seed }): RuleCase => ({
      inputs: [tensor(seed, dims)],
      build: (g, x) => {
        g.opset = 20;
        return g.op('Gelu', [x], { approximate });
      },
    }),
  ),
  Gemm: gemm,
  GlobalAveragePool: fc.record({ batch: dim, channels: dim, spatial: shape(1, 3), seed }).map(
    ({ batch, channels, spatial, seed }): RuleCase => ({
      inputs: [tensor(seed, [batch, channels, ...spatial])],
      build: (g, x) => g.op('GlobalAveragePool', [x]),
    }),
  ),
  HardSigmoid: unary(
    'HardSigmoid',
    avoiding(-5 / 3, 5 / 3),
    fc.constant({ alpha: asFloat(0.3), beta: asFloat(0.5) }),
  ),
  HardSwish: unary('HardSwish', (random) => 2 * avoiding(-1.5, 1.5)(random, 0, 1)),
  Identity: unary('Identity'),
  LayerNormalization: layerNormalization,
  LeakyRelu: unary(
    'LeakyRelu',
    signed,
    fc.constantFrom<Record<string, Attribute>>({}, { alpha: asFloat(0.3) }),
  ),
  Log: unary('Log', positive),
  LogSoftmax: shapeAndAxis().map(
    ({ dims, axis, seed }): RuleCase => ({
      inputs: [tensor(seed, dims)],
      build: (g, x) => g.op('LogSoftmax', [x], { axis }),
    }),
  ),
  MatMul: matMul,
  MaxPool: pooling('MaxPool'),
  Mul: binary('Mul'),
  Neg: unary('Neg'),
  Pad: pad,
  Pow: binary('Pow', positive),
  Reciprocal: unary('Reciprocal', (random) => (0.6 + random()) * (random() < 0.5 ? -1 : 1)),
  ReduceL2: reduction('ReduceL2'),
  ReduceLogSumExp: reduction('ReduceLogSumExp'),
  ReduceMax: reduction('ReduceMax', distinct),
  ReduceMean: reduction('ReduceMean'),
  ReduceSum: reduction('ReduceSum'),
  Relu: unary('Relu'),
  Reshape: reshaped('Reshape'),
  Sigmoid: unary('Sigmoid'),
  Slice: slice,
  Softmax: shapeAndAxis().map(
    ({ dims, axis, seed }): RuleCase => ({
      inputs: [tensor(seed, dims)],
      build: (g, x) => g.op('Softmax', [x], { axis }),
    }),
  ),
  Softplus: unary('Softplus'),
  Split: split,
  Sqrt: unary('Sqrt', positive),
  Squeeze: reshaped('Squeeze'),
  Sub: binary('Sub'),
  Tanh: unary('Tanh'),
  Transpose: transpose,
  Unsqueeze: reshaped('Unsqueeze'),
  Where: where,
};
