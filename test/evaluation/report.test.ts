import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/evaluation/evaluate.js';
import { listFigures } from '../../src/evaluation/figures.js';
import { listMistakes } from '../../src/evaluation/outcomes.js';
import { drawPicture } from '../../src/evaluation/report/pictures.js';
import { drawFamiliarity } from '../../src/evaluation/report/plots.js';
import { STYLE_HASH } from '../../src/evaluation/report/report-style.js';
import { writeReport } from '../../src/evaluation/report/write-report.js';
import { runQueries } from '../../src/evaluation/run-queries.js';
import { makeZip } from '../helpers/make-zip.js';
import { asSet, reference } from './reference.js';

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'pawdex-report-'));
});

afterEach(() => rm(dir, { recursive: true }));

async function report(photo: string, label = (given: string) => given) {
  const rename = (set: ReturnType<typeof asSet>) => ({
    ...set,
    items: set.items.map((item) => ({ ...item, file: photo, label: label(item.label) })),
  });
  const gallery = rename(asSet(reference.gallery, 'gallery'));
  const asking = { gallery, k: 20, answering: { temperature: 0.1 }, leaveOneOut: false };
  const outcomes = runQueries({ ...asking, queries: rename(asSet(reference.queries, 'queries')) });
  const nonPets = runQueries({ ...asking, queries: rename(asSet(reference.queries, 'others')) });
  const page = await writeReport(path.join(dir, 'new', 'report'), {
    evaluation: evaluate(outcomes, nonPets),
    mistakes: listMistakes(outcomes),
    familiarity: {
      queries: outcomes.map(({ familiarity }) => familiarity),
      nonPets: nonPets.map(({ familiarity }) => familiarity),
    },
    subject: { gallery: 'photos:train', queries: '<photos> & "more"' },
    model: { name: 'test', fingerprint: 'f'.repeat(64) },
    pictures: (file) => drawPicture(file, 1e6),
  });
  return readFile(page, 'utf8');
}

describe('the report', () => {
  it('is a self-contained page with plots and pictures', async () => {
    const photo = path.join(dir, 'photo.png');
    await writeFile(
      photo,
      await sharp({ create: { width: 64, height: 48, channels: 3, background: '#a60' } })
        .png()
        .toBuffer(),
    );
    const html = await report(photo);
    const sources = [...html.matchAll(/(?:src|href)="([^"]{0,30})/g)].map((match) => match[1]!);
    expect(sources.length).toBeGreaterThan(10);
    expect(sources.every((source) => source.startsWith('data:image/jpeg;base64,'))).toBe(true);
    expect(html.match(/<svg class="plot"/g)).toHaveLength(3);
    expect(html).not.toMatch(/<script|url\(|@import|NaN|Infinity|undefined/);
    // A content security policy allows the style sheet by its hash, and no style of an element.
    const [, style] = /<style>(.*?)<\/style>/s.exec(html)!;
    expect(`sha256-${createHash('sha256').update(style!).digest('base64')}`).toBe(STYLE_HASH);
    expect([html.match(/<style/g)!.length, html.includes(' style=')]).toEqual([1, false]);
  });

  it('has pictures of photos in archives, and a plot of more photos than a function has arguments', async () => {
    const photo = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#a60' } })
      .png()
      .toBuffer();
    await writeFile(path.join(dir, 'photos.zip'), makeZip([{ name: 'a.png', content: photo }]));
    expect(await drawPicture(path.join(dir, 'photos.zip/a.png'), 1e6)).toContain('data:image/jpeg');
    expect(drawFamiliarity(new Array(200_000).fill(0.5), [0.1])).toContain('<svg');
  });

  it('shows every label and the right numbers', async () => {
    const html = await report(path.join(dir, 'gone.jpg'));
    for (const label of reference.labels) {
      expect(html).toContain(`title="${label}"`);
    }
    expect(html).toContain(
      `<dt>top-1 accuracy</dt><dd>${(100 * reference.classification.top1).toFixed(2)} %`,
    );
  });

  it('says nothing about the precision of matches if there are none', () => {
    const queries = asSet(reference.queries, 'queries');
    const gallery = asSet(reference.gallery, 'gallery');
    const none = { gallery, queries, k: 20, answering: { temperature: 0.1 }, leaveOneOut: false };
    const figures = listFigures({ ...evaluate(runQueries(none)), matchPrecision: null });
    expect(figures.find(([name]) => name === 'match')?.[2]).toBe('');
  });

  it('escapes file and label names, and names missing photos', async () => {
    const html = await report(path.join(dir, '<script>alert(1)</script>.jpg'), (given) => `<b>${given}</b>`);
    expect(html).not.toContain('<script');
    expect(html).not.toContain('<b>breed');
    expect(html).toContain('&lt;b&gt;breed-a&lt;/b&gt;');
    expect(html).toContain('&lt;photos&gt; &amp; &quot;more&quot;');
  });
});
