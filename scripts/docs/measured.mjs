#!/usr/bin/env node
/**
 * Copies the quality in models/encoder.json to the pages that quote it, between their `measured` comments. `--check`
 * changes nothing, and fails if a page differs.
 */
import { readFile, writeFile } from 'node:fs/promises';

const fromRoot = (file) => new URL(`../../${file}`, import.meta.url);
const { name, quality } = JSON.parse(await readFile(fromRoot('models/encoder.json'), 'utf8'));

const measured = quality.n !== undefined;
const share = (value) => (value === null || value === undefined ? 'not defined' : value.toFixed(4));
const percent = (value) => `${(100 * value).toFixed(1)} %`;
/** The number of photos that a share of `n` stands for: a share of few photos rounds badly. */
const count = (value, n) => Math.round(value * n);
const row = (what, value, interval) =>
  `| ${what} | ${value} | ${interval ? `${share(interval.low)} to ${share(interval.high)}` : ''} |`;

/** Renders all results, for models/README.md. */
function table() {
  const { intervals, decisions, nonPets, species } = quality;
  return [
    `On ${quality.n.toLocaleString('en')} photos of \`${quality.queries}\`, with \`${quality.gallery}\` as the gallery${nonPets ? `, and ${nonPets.n} photos of \`${quality.nonPetsFrom}\` that show no pet` : ''}:`,
    '',
    '| measure | value | 95 % interval |',
    '|---|---|---|',
    row('top-1 of the vote', share(quality.top1), intervals.top1),
    ...Object.entries(species).map(([of, { n, top1 }]) =>
      row(`top-1, ${of.replaceAll('_', ' ')} (${n} photos)`, share(top1)),
    ),
    row('top-1, mean over breeds', share(quality.macroTop1)),
    row("top-1 among the queries' labels", share(quality.amongAsked)),
    ...Object.entries(species).map(([of, { amongAsked }]) =>
      row(`top-1 among the queries' labels, ${of.replaceAll('_', ' ')}`, share(amongAsked)),
    ),
    row('recall@1', share(quality.recallAt[1]), intervals.recallAt1),
    row('recall@5', share(quality.recallAt[5])),
    row('recall@10', share(quality.recallAt[10])),
    row('mAP@R', share(quality.mapAtR), intervals.mapAtR),
    row('expected calibration error', share(quality.ece), intervals.ece),
    row('coverage at 95 % precision', share(quality.coverageAt95), intervals.coverageAt95),
    row('coverage at 99 % precision', share(quality.coverageAt99)),
    row(
      'decisions',
      `match ${percent(decisions.match)}, ambiguous ${percent(decisions.ambiguous)}, unknown ${percent(decisions.unknown)}`,
    ),
    row('right among `match`', share(quality.matchPrecision)),
    row('AUROC over unknown breeds', share(quality.unknownLabelAuroc)),
    ...(nonPets
      ? [
          row('AUROC over non-pets', share(quality.nonPetAuroc)),
          row('non-pets answered `match`', percent(nonPets.decisions.match)),
        ]
      : []),
  ].join('\n');
}

/** Renders the results on photos from other sources, which a user's photos resemble most. */
function formatElsewhereTable() {
  const { elsewhere } = quality;
  if (elsewhere === undefined) {
    return '';
  }
  const line = ({ n, top1, ece, decisions, matchPrecision }, name) =>
    `| ${name} | ${n} | ${share(top1)} | ${share(ece)} | ${percent(decisions.match)} | ${share(matchPrecision)} |`;
  const { plain, worst, bySource, shared } = elsewhere;
  return [
    '',
    '',
    `On the ${elsewhere.n} photos of \`${elsewhere.queries}\`, which come from other sources and often have wrong labels:`,
    '',
    '| source | photos | top-1 | ECE | called `match` | right among `match` |',
    '|---|---|---|---|---|---|',
    line(elsewhere, 'all'),
    ...bySource.map((part) => line(part, part.source)),
    '',
    ...(shared
      ? [
          `Of the ${shared.n} photos whose label \`${quality.queries}\` has too, ${count(shared.top1, shared.n)} (${percent(shared.top1)}) come out right.`,
          '',
        ]
      : []),
    ...(plain
      ? [
          `Of its ${plain.n} photos of \`${plain.label}\`, ${count(plain.top1, plain.n)} are answered with that label first. Called a breed with \`match\`: ${count(plain.otherMatch, plain.n)}.`,
          '',
        ]
      : []),
    'The labels of these photos that come out right least often:',
    '',
    '| label | right | most often answered with |',
    '|---|---|---|',
    ...worst.map(
      ({ label, n, top1, takenFor }) => `| ${label} | ${count(top1, n)} of ${n} | ${takenFor ?? ''} |`,
    ),
  ].join('\n');
}

/** Renders the results as front matter that Hugging Face reads. */
function formatFrontMatter() {
  const metric = (type, label, value) =>
    `      - type: ${type}\n        name: ${label}\n        value: ${value}`;
  return `model-index:
- name: ${name}
  results:
  - task:
      type: image-feature-extraction
    dataset:
      name: ${quality.queries}, gallery ${quality.gallery}
      type: image-folder
    metrics:
${[
  metric('accuracy', 'top-1 of the vote', quality.top1),
  metric('recall_at_1', 'recall@1', quality.recallAt[1]),
  metric('map_at_r', 'mAP@R', quality.mapAtR),
  metric('expected_calibration_error', 'ECE', quality.ece),
].join('\n')}`;
}

/** Renders the short table of the README. */
const short = () =>
  `| on ${quality.n.toLocaleString('en')} photos that were used for nothing else | |
|---|---|
| right breed first | ${percent(quality.top1)} |
| nearest photo has the right breed | ${percent(quality.recallAt[1])} |
| photos it can answer with 95 % precision | ${percent(quality.coverageAt95)} |
| calibration error of the confidence (ECE) | ${share(quality.ece)} |`;

const NOT_YET = {
  '# measured': '# not yet',
  '<!-- measured -->': 'Not yet: `node scripts/model/measure.mjs`.',
};

const BLOCKS = [
  { page: 'models/README.md', from: '# measured', to: '# /measured', write: formatFrontMatter },
  {
    page: 'models/README.md',
    from: '<!-- measured -->',
    to: '<!-- /measured -->',
    write: () => table() + formatElsewhereTable(),
  },
  { page: 'README.md', from: '<!-- measured -->', to: '<!-- /measured -->', write: short },
];

let stale = 0;
for (const { page, from, to, write } of BLOCKS) {
  const before = await readFile(fromRoot(page), 'utf8');
  const start = before.indexOf(`${from}\n`);
  const end = before.indexOf(`\n${to}\n`, start);
  if (start < 0 || end < 0) {
    throw new Error(`${page} has no lines "${from}" and "${to}".`);
  }
  const after =
    before.slice(0, start + from.length + 1) + (measured ? write() : NOT_YET[from]) + before.slice(end);
  if (after === before) {
    continue;
  }
  stale++;
  if (process.argv.includes('--check')) {
    console.error(`${page} differs from models/encoder.json: run node scripts/docs/measured.mjs`);
  } else {
    await writeFile(fromRoot(page), after);
  }
}
if (process.argv.includes('--check') && stale > 0) {
  process.exitCode = 1;
}
