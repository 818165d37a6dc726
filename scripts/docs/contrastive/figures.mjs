/** Draws the figures of docs/contrastive-learning.md that need no photo. */
import { drawLegend, drawPlot, drawPolyline, PLOT, placeBlock } from '../../../dist/evaluation/report/svg.js';
import { arrow, box, figure, line, text } from './drawing.mjs';
import { direction, ROW, rowShares, WORKED, worked } from './examples.mjs';

const two = (value) => value.toFixed(2).replace(/^-0\.00$/, '0.00');

/** Draws cosine similarity on the unit circle, and how the loss changes it. */
export function circle() {
  const [cx, cy, radius] = [210, 235, 150];
  const place = (degrees, r = radius) => {
    const [x, y] = direction(degrees);
    return [cx + r * x, cy - r * y];
  };
  const dot = (degrees, kind, name) => {
    const [x, y] = place(degrees, radius + 26);
    const [px, py] = place(degrees);
    return [
      line([cx, cy], [px, py], 'vector'),
      `<circle class="${kind}" cx="${px.toFixed(1)}" cy="${py.toFixed(1)}" r="8"/>`,
      text(x, y + 4, name, 'middle strong'),
    ];
  };
  const along = (from, to, kind) => {
    // An arc a little outside the circle, with an arrowhead.
    const steps = Array.from({ length: 9 }, (_, i) => place(from + ((to - from) * i) / 8, radius + 11));
    return steps
      .slice(1)
      .map((point, i) => (i === 7 ? arrow(steps[i], point, kind) : line(steps[i], point, kind)));
  };
  const [a, , p] = WORKED.views;
  const b = WORKED.views[1];
  const d = WORKED.views[3];
  const facts = [
    [a, p, 'positive'],
    [a, b, 'negative'],
    [a, d, 'negative'],
  ].map(([one, other, kind], i) => {
    const angle = Math.abs(one.degrees - other.degrees);
    return text(
      440,
      175 + 30 * i,
      `${one.name} · ${other.name} = cos ${angle}° = ${two(Math.cos((angle * Math.PI) / 180))}`,
      kind,
    );
  });
  return figure('Cosine similarity on the unit circle', 700, 420, [
    text(20, 32, 'Cosine similarity on the unit circle', 'title'),
    `<circle class="axis" cx="${cx}" cy="${cy}" r="${radius}"/>`,
    dot(a.degrees, 'anchor', a.name),
    dot(p.degrees, 'positive', p.name),
    dot(b.degrees, 'negative', b.name),
    dot(d.degrees, 'negative', d.name),
    along(p.degrees - 6, a.degrees + 16, 'positive'),
    along(d.degrees + 10, d.degrees + 42, 'negative'),
    text(440, 100, 'Embeddings are scaled to length 1:', ''),
    text(440, 122, 'only their direction counts, and the', 'soft'),
    text(440, 140, 'cosine is the product of two of them.', 'soft'),
    facts,
    text(440, 290, 'The loss turns A2, the other view of', 'soft'),
    text(440, 308, 'photo A, towards A1, and the views of', 'soft'),
    text(440, 326, 'photo B away from it. In training there', 'soft'),
    text(440, 344, 'are 256 axes instead of two.', 'soft'),
  ]);
}

/** Draws the worked example as a matrix, and the softmax over one of its rows. */
export async function matrix() {
  const { rows, loss } = await worked();
  const { views, temperature } = WORKED;
  const [left, top, cell] = [70, 100, 66];
  const kindOf = (row, j) =>
    row.cosines[j] === null ? 'none' : row.positive === j ? 'positive' : 'negative';
  const cells = rows.flatMap((row, i) =>
    row.cosines.map((value, j) => {
      const [x, y] = [left + j * cell, top + i * cell];
      const kind = kindOf(row, j);
      return [
        box(x, y, cell - 4, cell - 4, kind),
        value === null
          ? ''
          : text(
              x + cell / 2 - 2,
              y + cell / 2 + 3,
              two(value),
              `middle strong ${kind === 'positive' ? 'on' : ''}`,
            ),
      ];
    }),
  );
  const shown = rows[0];
  const [bars, base, height] = [455, 330, 190];
  const columns = shown.shares.flatMap((share, j) => {
    if (share === null) {
      return [];
    }
    const x = bars + (j - 1) * 78;
    const size = Math.max(1, height * share);
    return [
      box(x, base - size, 52, size, kindOf(shown, j)),
      text(x + 26, base - size - 8, two(share), 'middle strong'),
      text(x + 26, base + 20, views[j].name, 'middle'),
    ];
  });
  return figure('The similarity matrix of a batch and the softmax over one row', 700, 420, [
    text(20, 32, 'A batch of two photos, two views of each', 'title'),
    views.map(({ name }, i) => [
      text(left + i * cell + cell / 2 - 2, top - 12, name, 'middle'),
      text(left - 14, top + i * cell + cell / 2 + 3, name, 'end'),
    ]),
    cells,
    box(left - 3, top - 3, 4 * cell + 2, cell + 2, 'frame'),
    text(left, top - 36, 'cosine similarities', 'soft'),
    box(left, 380, 16, 16, 'positive'),
    text(left + 22, 393, 'positive', 'soft'),
    box(left + 92, 380, 16, 16, 'negative'),
    text(left + 114, 393, 'negatives', 'soft'),
    box(left + 194, 380, 16, 16, 'none'),
    text(left + 216, 393, 'itself: no candidate', 'soft'),
    text(bars - 20, top - 36, `softmax over the row of ${shown.name}`, 'soft'),
    text(bars - 20, top - 18, `of cosine / ${temperature}`, 'soft'),
    line([bars - 20, base], [bars + 220, base], 'axis'),
    columns,
    text(
      bars - 20,
      375,
      `loss of this row: -log ${two(shown.shares[shown.positive])} = ${shown.loss.toFixed(3)}`,
      'strong',
    ),
    text(bars - 20, 395, `mean over all rows: ${loss.toFixed(3)}`, 'soft'),
  ]);
}

const CURVES = ['', 'second', 'third', 'fourth'];
const TEMPERATURES = 41;

/** Plots the softmax over a row against the temperature. */
export async function temperature() {
  // 0.02 to 2, evenly on a logarithmic axis.
  const grid = Array.from(
    { length: TEMPERATURES },
    (_, i) => Math.log10(0.02) + (2 * i) / (TEMPERATURES - 1),
  );
  const found = [];
  for (const exponent of grid) {
    found.push(await rowShares(10 ** exponent));
  }
  const ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2].map(Math.log10);
  const drawing = drawPlot(
    'Share of each candidate against the temperature',
    {
      label: 'temperature',
      from: grid[0],
      to: grid.at(-1),
      ticks,
      format: (value) => String(Number((10 ** value).toPrecision(2))),
    },
    { label: 'share of the softmax', from: 0, to: 1, ticks: [0, 0.2, 0.4, 0.6, 0.8, 1], format: String },
    (scales) =>
      ROW.map((_, i) =>
        drawPolyline(
          `curve ${CURVES[i]}`,
          grid.map((exponent, j) => [exponent, found[j][i]]),
          scales,
        ),
      ).join(''),
  );
  const width = 1.4 * PLOT.width;
  return figure('What the temperature does to a softmax', 700, 560, [
    text(20, 32, 'One row, its softmax at every temperature', 'title'),
    drawLegend(
      ROW.slice(0, 2).map(({ name, cosine }, i) => [CURVES[i], `${name}, cosine ${cosine}`]),
      40,
      58,
    ),
    drawLegend(
      ROW.slice(2).map(({ name, cosine }, i) => [CURVES[i + 2], `${name}, cosine ${cosine}`]),
      40,
      80,
    ),
    placeBlock(drawing, 40, 92, width),
  ]);
}

/** Draws which pairs each loss compares, with a row per example and a column per candidate. */
export function losses() {
  const photo = (view) => view % 3;
  const breed = (view) => (photo(view) === 2 ? 1 : 0);
  const six = [0, 1, 2, 3, 4, 5];
  const ntXent = (i, j) => (i === j ? 'none' : photo(i) === photo(j) ? 'positive' : 'negative');
  const supCon = (i, j) => (i === j ? 'none' : breed(i) === breed(j) ? 'positive' : 'negative');
  const moco = (i, j) => (j >= 3 ? 'negative' : i === j ? 'positive' : 'none');
  const proxy = (i, j) => (breed(i) === j ? 'positive' : 'negative');
  const panels = [
    ['NT-Xent', 'two views of each photo, no labels', six, six, ntXent, 'views', 'views'],
    ['SupCon', 'photos 1 and 2 share a breed', six, six, supCon, 'views', 'views'],
    [
      'MoCo',
      'keys by the momentum encoder',
      [0, 1, 2],
      six.concat(6, 7, 8),
      moco,
      'queries',
      'own keys, then the queue',
    ],
    ['Proxies', 'a learned vector per breed', six, [0, 1], proxy, 'views', 'breeds'],
  ];
  const cell = 26;
  const drawn = panels.map(([name, what, rows, columns, kind, down, across], index) => {
    const [x, y] = [40 + (index % 2) * 335, 84 + Math.floor(index / 2) * 262];
    return [
      text(x, y, name, 'title'),
      text(x + 90, y, what, 'soft'),
      text(x + 20, y + 25, across, 'soft small'),
      `<text class="soft small end" transform="translate(${x + 10} ${y + 36}) rotate(-90)">${down}</text>`,
      rows.map((i) =>
        columns.map((j) => box(x + 20 + j * cell, y + 34 + i * cell, cell - 3, cell - 3, kind(i, j))),
      ),
    ];
  });
  return figure('Which pairs NT-Xent, SupCon, MoCo and proxies compare', 700, 580, [
    text(20, 36, 'Which pairs each loss compares', 'title'),
    box(360, 24, 16, 16, 'positive'),
    text(382, 37, 'positive', 'soft'),
    box(450, 24, 16, 16, 'negative'),
    text(472, 37, 'negative', 'soft'),
    box(550, 24, 16, 16, 'none'),
    text(572, 37, 'not compared', 'soft'),
    drawn,
  ]);
}
