/** Computes the numbers of docs/contrastive-learning.md with the trainer's own losses. */
import { drawDirections } from '../../../dist/math/random.js';
import { createFloatTensor } from '../../../dist/onnx/tensor.js';
import { GraphBuilder } from '../../../dist/training/autodiff/graph-builder.js';
import { GraphSession } from '../../../dist/training/autodiff/graph-session.js';
import {
  appendInfoNce,
  appendMoco,
  appendNtXent,
  appendProxyNca,
  appendSupCon,
} from '../../../dist/training/losses/contrastive-losses.js';

/** Runs a graph that needs no input. */
async function lossOf(build) {
  const g = new GraphBuilder();
  const rows = (list) => g.constant(createFloatTensor(list.flat(), [list.length, list[0].length]));
  g.output('loss', build(g, rows));
  const session = await GraphSession.open(g.toBytes(), { threads: 1 });
  const { loss } = await session.run({});
  await session.close();
  return Number(loss.data[0]);
}

/** Returns the unit vector at an angle in degrees. */
export const direction = (degrees) => [
  Math.cos((degrees * Math.PI) / 180),
  Math.sin((degrees * Math.PI) / 180),
];
/** Returns a unit vector whose cosine to (1, 0) is `cosine`. */
const atCosine = (cosine) => [cosine, Math.sqrt(1 - cosine * cosine)];
const cosine = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0);

/** Computes each candidate's share of the softmax over a row, by MoCo's loss with that candidate as the positive. */
async function shares(query, candidates, temperature) {
  const found = [];
  for (const [i, key] of candidates.entries()) {
    const queue = candidates.filter((_, j) => j !== i);
    const loss = await lossOf((g, rows) =>
      appendMoco(g, rows([query]), rows([key]), rows(queue), { temperature }),
    );
    found.push(Math.exp(-loss));
  }
  return found;
}

/** Two views of two photos on the unit circle. */
export const WORKED = {
  temperature: 0.5,
  views: [
    { name: 'A1', photo: 0, degrees: 10 },
    { name: 'B1', photo: 1, degrees: 80 },
    { name: 'A2', photo: 0, degrees: 50 },
    { name: 'B2', photo: 1, degrees: 120 },
  ],
};

/** The worked example: rows with the cosine and share of every candidate (null for the view itself), and the loss. */
export async function worked() {
  const { temperature, views } = WORKED;
  const z = views.map(({ degrees }) => direction(degrees));
  const rows = [];
  for (const [i, { name, photo }] of views.entries()) {
    const others = views.map((_, j) => j).filter((j) => j !== i);
    const softmax = await shares(
      z[i],
      others.map((j) => z[j]),
      temperature,
    );
    const positive = others.find((j) => views[j].photo === photo);
    rows.push({
      name,
      positive,
      cosines: views.map((_, j) => (j === i ? null : cosine(z[i], z[j]))),
      shares: views.map((_, j) => (j === i ? null : softmax[others.indexOf(j)])),
      loss: -Math.log(softmax[others.indexOf(positive)]),
    });
  }
  const loss = await lossOf((g, tensor) => appendNtXent(g, tensor(z), { temperature }));
  const mean = rows.reduce((sum, row) => sum + row.loss, 0) / rows.length;
  if (Math.abs(mean - loss) > 1e-5) {
    throw new Error(`NT-Xent is ${loss}, the mean over its rows ${mean}.`);
  }
  return { rows, loss };
}

/** A row's candidates by their cosine to the query, the positive first. */
export const ROW = [
  { name: 'positive', cosine: 0.8 },
  { name: 'hard negative', cosine: 0.7 },
  { name: 'negative', cosine: 0.3 },
  { name: 'easy negative', cosine: -0.1 },
];

/** The softmax over {@link ROW} at a temperature. */
export const rowShares = (temperature) =>
  shares(
    [1, 0],
    ROW.map((candidate) => atCosine(candidate.cosine)),
    temperature,
  );

/**
 * `count` orthogonal directions, each `times` times: the embeddings that an ideal encoder would give for `count` photos.
 */
const aligned = (count, times) =>
  Array.from({ length: count * times }, (_, i) =>
    Array.from({ length: count }, (_, axis) => (axis === i % count ? 1 : 0)),
  );

/** Computes the losses in cases that show a mistake. */
export async function mistakes() {
  const temperature = 0.5;
  const nt = (z, t = temperature) => lossOf((g, rows) => appendNtXent(g, rows(z), { temperature: t }));
  const sup = (z, labels) =>
    lossOf((g, rows) => appendSupCon(g, rows(z), g.integers(labels), { temperature }));
  const good = aligned(4, 2);
  const e = Math.exp(1 / temperature);
  const far = WORKED.views.map(({ degrees }) => direction(degrees));
  const times = (factor) => far.map((row) => row.map((value) => factor * value));
  // Two breeds, two photos of each, two views of each photo, told apart by breed alone.
  const breeds = aligned(2, 4);
  return {
    aligned: await nt(good),
    // Computed by hand, since the trainer's losses rule this mistake out: exp(1 / t) of the view itself is added.
    withItself: Math.log((2 * e + 6) / e),
    collapsed: await nt(Array(8).fill([1, 0])),
    plain: await nt(far),
    tenTimes: await nt(times(10)),
    // Also by hand: dot products without normalisation.
    tenTimesUnnormalised: unnormalised(times(10), temperature),
    warm: await nt(aligned(64, 2), 1),
    cool: await nt(aligned(64, 2), 0.1),
    random: Math.log(127),
    breedsBySimClr: await nt(breeds),
    breedsBySupCon: await sup(breeds, [0, 1, 0, 1, 0, 1, 0, 1]),
    apartBySimClr: await nt(good),
    apartBySupCon: await sup(good, [0, 1, 0, 1, 0, 1, 0, 1]),
  };
}

/** Computes NT-Xent on plain dot products. */
function unnormalised(z, temperature) {
  const half = z.length / 2;
  const terms = z.map((a, i) => {
    const logits = z.map((b, j) => (j === i ? Number.NEGATIVE_INFINITY : cosine(a, b) / temperature));
    const most = Math.max(...logits);
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    return most + Math.log(total) - logits[(i + half) % z.length];
  });
  return terms.reduce((a, b) => a + b, 0) / terms.length;
}

/** For each loss: its value when all candidates are alike, at the start of training, and its minimum. */
export async function measureLevels() {
  const [width, queue, temperature] = [128, 4096, 0.07];
  const keys = drawDirections(queue, width, 1);
  const unit = (axis) => Array.from({ length: width }, (_, i) => (i === axis ? 1 : 0));
  const rowsOf = (data) => createFloatTensor(data, [data.length / width, width]);
  // Two breeds, two photos of each, two views of each photo, all of a breed alike.
  const labels = Array.from({ length: 8 }, (_, i) => i % 2);
  return {
    width,
    queue,
    temperature,
    // The momentum encoder starts as a copy, so that a key is almost its query, and random keys are far from both.
    mocoStart: await lossOf((g, rows) =>
      appendMoco(g, rows([unit(0)]), rows([unit(0)]), g.constant(rowsOf(keys)), { temperature }),
    ),
    supConLowest: await lossOf((g, rows) =>
      appendSupCon(g, rows(aligned(2, 4)), g.integers(labels), { temperature }),
    ),
  };
}

/** Computes alignment and uniformity (Wang and Isola 2020) of the worked example, of a perfect encoder, and of collapse. */
export function measureGeometry() {
  const distance = (a, b) => a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0);
  const measure = (z) => {
    const pairs = z.flatMap((a, i) => z.slice(i + 1).map((b) => distance(a, b)));
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const half = z.length / 2;
    return {
      alignment: mean(z.slice(0, half).map((a, i) => distance(a, z[i + half]))),
      uniformity: Math.log(mean(pairs.map((value) => Math.exp(-2 * value)))),
    };
  };
  return {
    worked: measure(WORKED.views.map(({ degrees }) => direction(degrees))),
    apart: measure([0, 180, 0, 180].map(direction)),
    collapsed: measure([0, 0, 0, 0].map(direction)),
  };
}

/** The error message for a softmax over one element. */
export function refusal() {
  const g = new GraphBuilder();
  const row = g.constant(createFloatTensor([1, 0], [1, 2]));
  try {
    appendInfoNce(g, row, row, { temperature: 0.5 });
  } catch (error) {
    return error.message;
  }
  throw new Error('InfoNCE takes a single pair.');
}

/** One set of embeddings under every loss, so that the page can compare them. */
export async function losses() {
  const temperature = 0.5;
  const z = WORKED.views.map(({ degrees }) => direction(degrees));
  const [firsts, seconds] = [z.slice(0, 2), z.slice(2)];
  const of = (build) => lossOf((g, rows) => build(g, rows));
  return {
    infoNce: await of((g, rows) => appendInfoNce(g, rows(firsts), rows(seconds), { temperature })),
    ntXent: await of((g, rows) => appendNtXent(g, rows(z), { temperature })),
    supCon: await of((g, rows) => appendSupCon(g, rows(z), g.integers([0, 1, 0, 1]), { temperature })),
    moco: await of((g, rows) =>
      appendMoco(g, rows(firsts), rows(seconds), rows([200, 240, 280].map(direction)), { temperature }),
    ),
    proxyNca: await of((g, rows) =>
      appendProxyNca(g, rows(z), rows([30, 100].map(direction)), g.integers([0, 1, 0, 1]), { temperature }),
    ),
  };
}
