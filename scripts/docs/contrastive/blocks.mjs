/** The parts of docs/contrastive-learning.md that hold numbers, as Markdown. */
import { losses, mistakes, ROW, refusal, rowShares, WORKED, worked } from './examples.mjs';

const table = (head, rows, numbers = true) =>
  [
    `| ${head.join(' | ')} |`,
    `|${head.map((_, i) => (i === 0 || !numbers ? '---' : '---:')).join('|')}|`,
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
const two = (value) => (value === null ? '' : value.toFixed(2).replace(/^-0\.00$/, '0.00'));
const three = (value) => value.toFixed(3);
const source = (file) => `[${file.split('/').at(-1)}](../src/training/${file})`;

async function workedBlock() {
  const { rows, loss } = await worked();
  const { views, temperature } = WORKED;
  const cell = (row, j) =>
    row.cosines[j] === null
      ? 'itself'
      : `${two(row.cosines[j])} → ${row.positive === j ? `**${two(row.shares[j])}**` : two(row.shares[j])}`;
  return [
    table(
      ['row', ...views.map(({ name, degrees }) => `${name}, ${degrees}°`), '-log of the bold share'],
      rows.map((row) => [row.name, ...views.map((_, j) => cell(row, j)), three(row.loss)]),
    ),
    '',
    `Each cell: cosine → share of the row's softmax at a temperature of ${temperature}. The loss is the mean of the last column, **${three(loss)}**.`,
  ].join('\n');
}

async function temperatureBlock() {
  const rows = [];
  for (const temperature of [1, 0.5, 0.2, 0.1, 0.05]) {
    const shares = await rowShares(temperature);
    rows.push([String(temperature), ...shares.map(two), three(-Math.log(shares[0]))]);
  }
  return table(['temperature', ...ROW.map(({ name, cosine }) => `${name}, cosine ${cosine}`), 'loss'], rows);
}

async function lossesBlock() {
  const found = await losses();
  const rows = [
    ['InfoNCE', 'A1, B1 against A2, B2', found.infoNce, 'info-nce'],
    ['NT-Xent', 'every view against the three others', found.ntXent, 'nt-xent'],
    [
      'SupCon',
      'the same with labels a, b, a, b: the same, as each label is one photo',
      found.supCon,
      'sup-con',
    ],
    ['MoCo', 'A1, B1 against A2, B2 and a queue at 200°, 240°, 280°', found.moco, 'moco'],
    ['proxies', 'every view against proxies at 30° and 100°', found.proxyNca, 'proxy-nca'],
  ];
  return table(
    ['loss', 'compared', 'value', 'code'],
    rows.map(([name, what, value, file]) => [name, what, three(value), source(`losses/${file}.ts`)]),
    false,
  );
}

async function mistakesBlock() {
  const m = await mistakes();
  const rows = [
    [
      'A view is compared with itself',
      `It is its own best match, whatever the encoder does. Four photos at right angles, the views of each alike, have a loss of ${three(m.aligned)}; with each view among its own candidates it would be ${three(m.withItself)}, and no encoder could bring it below ln 2, as the pair never beats the view itself`,
      `\`notItself\` in ${source('losses/contrast.ts')}`,
    ],
    [
      'A softmax over one element',
      `It is always 1, its loss 0, its gradient 0: training seems perfect from the first step. The trainer says: "${refusal()}"`,
      `\`checkCandidates\` in ${source('losses/contrast.ts')}, called by every loss`,
    ],
    [
      'No negatives in the denominator',
      `Nothing is pushed apart, and all photos collapse into one point, where every positive is perfect. With negatives that point has ${three(m.collapsed)} = ln 7 for 4 photos, what guessing has`,
      `one \`LogSoftmax\` over all candidates: \`contrast\` in ${source('losses/contrast.ts')}`,
    ],
    [
      'Embeddings are not normalised',
      `The loss then depends on their length: right rows get better by growing, without turning anywhere, and wrong ones explode. The worked example ten times as long: ${three(m.tenTimesUnnormalised)} on bare dot products; ${three(m.tenTimes)} here, as before`,
      `\`normalise\` in ${source('losses/contrast.ts')}, inside every loss`,
    ],
    [
      'The temperature is too high',
      `Cosines reach from -1 to 1 only, so the softmax stays flat: 64 photos at right angles, the views of each alike, still have ${three(m.warm)} at a temperature of 1 (guessing: ${three(m.random)}), but ${three(m.cool)} at 0.1`,
      `fixed by the recipe, or \`learnedTemperature\` in ${source('losses/contrast.ts')}, kept within 0.01 and 1`,
    ],
    [
      'The temperature is too low',
      'Only the hardest negative counts, and that is often a wrong label or the same animal again; see the table above',
      'as above',
    ],
    [
      'Photos of one label are negatives of each other',
      `Two breeds at right angles, all photos of a breed alike, 2 photos of each: NT-Xent gives ${three(m.breedsBySimClr)} and would rather have each photo apart (${three(m.apartBySimClr)}); SupCon gives ${three(m.breedsBySupCon)} (apart: ${three(m.apartBySupCon)})`,
      `labels where there are some: ${source('losses/sup-con.ts')}`,
    ],
    [
      'False negatives: one photo twice in a batch, or another photo of the same animal',
      'What should be close is pushed apart. Without labels this cannot be ruled out, only made rare',
      `batches of distinct photos: ${source('data/sampler.ts')}. MoCo's queue knows no labels: ${source('losses/moco.ts')}`,
    ],
  ];
  return table(['mistake', 'what it does', 'where it is prevented'], rows, false);
}

/** Name of the block -> its Markdown. */
export const blocks = async () => ({
  worked: await workedBlock(),
  temperature: await temperatureBlock(),
  losses: await lossesBlock(),
  mistakes: await mistakesBlock(),
});

/** The page with its blocks, each between `<!-- NAME: ... -->` and `<!-- end -->`, made anew. */
export function withBlocks(page, made) {
  let result = page;
  for (const [name, text] of Object.entries(made)) {
    const block = new RegExp(`(<!-- ${name}: [^>]* -->\n)[^]*?(<!-- end -->)`);
    if (!block.test(result)) throw new Error(`The page has no block "${name}".`);
    result = result.replace(block, (_, begin, end) => `${begin}\n${text}\n\n${end}`);
  }
  return result;
}
