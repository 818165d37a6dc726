/** Renders the parts of docs/contrastive-learning.md that contain numbers, as Markdown. */
import {
  losses,
  measureGeometry,
  measureLevels,
  mistakes,
  ROW,
  refusal,
  rowShares,
  WORKED,
  worked,
} from './examples.mjs';

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
    ['InfoNCE', 'A1, B1 against A2, B2', found.infoNce],
    ['NT-Xent', 'every view against the three others', found.ntXent],
    [
      'SupCon',
      'the same with labels a, b, a, b; equal to NT-Xent, as each label has one photo',
      found.supCon,
    ],
    ['MoCo', 'A1, B1 against A2, B2 and a queue at 200°, 240°, 280°', found.moco],
    ['proxies', 'every view against proxies at 30° and 100°', found.proxyNca],
  ];
  return table(
    ['loss', 'compared', 'value'],
    rows.map(([name, what, value]) => [name, what, three(value)]),
    false,
  );
}

async function levelsBlock() {
  const { width, queue, temperature, mocoStart, supConLowest } = await measureLevels();
  const rows = [
    ['InfoNCE', 'N pairs', 'ln N', '0'],
    ['NT-Xent', 'two views of N photos', 'ln(2N - 1)', '0'],
    [
      'SupCon',
      'N views, P positives each',
      'ln(N - 1)',
      `ln P, because each positive gets at most 1/P of the softmax. With P = 3 at a temperature of ${temperature}: ${three(supConLowest)} = ln 3`,
    ],
    [
      'MoCo',
      `K keys in the queue`,
      `ln(K + 1), but a run **starts near 0**: with ${queue} random keys of ${width} numbers at a temperature of ${temperature}, ${three(mocoStart)}`,
      '0',
    ],
    ['proxies', 'C breeds', 'ln C', '0'],
  ];
  return table(['loss', 'compared', 'all candidates alike', 'lowest, at a low temperature'], rows, false);
}

function geometryBlock() {
  const { worked: example, apart, collapsed } = measureGeometry();
  const row = (name, { alignment, uniformity }) => [name, three(alignment), three(uniformity)];
  return table(
    ['embeddings', 'alignment', 'uniformity'],
    [
      row('the worked example', example),
      row('both views of a photo in one place, the two photos opposite', apart),
      row('all in one place', collapsed),
    ],
  );
}

async function mistakesBlock() {
  const m = await mistakes();
  const contrast = source('losses/contrast.ts');
  const rows = [
    [
      'A view is compared with itself',
      `It is always its own best match. Four photos at right angles, with identical views of each, have a loss of ${three(m.aligned)}. If each view were among its own candidates, the loss would be ${three(m.withItself)}, and no encoder could get below ln 2, because the positive never beats the view itself`,
      `\`createNotItselfMask\` in ${contrast}`,
    ],
    [
      'A softmax over one element',
      `It is always 1, so the loss and its gradient are 0, and training looks perfect from the first step. The trainer says: "${refusal()}"`,
      `\`checkCandidates\` in ${contrast}, called by every loss`,
    ],
    [
      'No negatives in the denominator',
      `Nothing pushes photos apart, so a contrastive loss has its minimum where all embeddings are equal. With negatives, the loss there is ${three(m.collapsed)} = ln 7 for 4 photos, the value of guessing. Training without negatives needs [other means](#without-negatives) against collapse`,
      `one \`LogSoftmax\` over all candidates: \`appendContrast\` in ${contrast}`,
    ],
    [
      'Embeddings are not normalised',
      `The loss then depends on their length: correct rows improve by growing without rotating, and wrong ones explode. If the vectors of the worked example are ten times as long, plain dot products give a loss of ${three(m.tenTimesUnnormalised)}. Here it stays ${three(m.tenTimes)}`,
      `\`appendUnitRows\` in ${contrast}, inside every loss`,
    ],
    [
      'The temperature is too high',
      `Cosines only range from -1 to 1, so the softmax stays flat: 64 photos at right angles, with identical views of each, still have a loss of ${three(m.warm)} at a temperature of 1 (guessing: ${three(m.random)}), but ${three(m.cool)} at 0.1`,
      `set by the recipe, or learned within 0.01 and 1: \`declareTemperature\` in ${contrast}`,
    ],
    [
      'The temperature is too low',
      'Only the hardest negative counts, which often has a wrong label or shows the same animal; see the table above',
      'as above',
    ],
    [
      'Photos of one label are negatives of each other',
      `Two breeds at right angles, with 2 identical photos of each: NT-Xent is ${three(m.breedsBySimClr)}, and lower with all photos apart (${three(m.apartBySimClr)}). SupCon is ${three(m.breedsBySupCon)}, and higher with all photos apart (${three(m.apartBySupCon)})`,
      `use labels if you have them: ${source('losses/contrastive-losses.ts')}`,
    ],
    [
      'False negatives: one photo twice in a batch, or another photo of the same animal',
      'Photos that should be close are pushed apart. Without labels this can only be made rare',
      `batches of distinct photos: ${source('data/sampler.ts')}. MoCo's queue ignores labels: ${source('losses/contrastive-losses.ts')}`,
    ],
  ];
  return table(['mistake', 'what it does', 'where it is prevented'], rows, false);
}

/** Maps the name of each block to its Markdown. */
export const blocks = async () => ({
  worked: await workedBlock(),
  temperature: await temperatureBlock(),
  losses: await lossesBlock(),
  geometry: geometryBlock(),
  levels: await levelsBlock(),
  mistakes: await mistakesBlock(),
});

/** Updates the blocks of the page, each between `<!-- NAME: ... -->` and `<!-- end -->`. */
export function withBlocks(page, made) {
  let result = page;
  for (const [name, text] of Object.entries(made)) {
    const block = new RegExp(`(<!-- ${name}: [^>]* -->\n)[^]*?(<!-- end -->)`);
    if (!block.test(result)) {
      throw new Error(`The page has no block "${name}".`);
    }
    result = result.replace(block, (_, begin, end) => `${begin}\n${text}\n\n${end}`);
  }
  return result;
}
