import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { JOB_KINDS, jobSchema } from '../../src/jobs/job.js';
import { english } from '../../src/web/texts/english.js';
import { englishManage } from '../../src/web/texts/english-manage.js';
import { englishProblems } from '../../src/web/texts/english-problems.js';
import { german } from '../../src/web/texts/german.js';
import { germanManage } from '../../src/web/texts/german-manage.js';
import { germanProblems } from '../../src/web/texts/german-problems.js';

/** Every text with its path; a function counts with what it makes of its gaps. */
function flatten(part: unknown, path = ''): Map<string, string> {
  if (typeof part === 'string') {
    return new Map([[path, part]]);
  }
  if (typeof part === 'function') {
    return new Map();
  }
  return new Map(
    Object.entries(part as object).flatMap(([key, value]) => [
      ...flatten(value, path ? `${path}.${key}` : key),
    ]),
  );
}

const both = [
  ['asking', english, german],
  ['collections', englishManage, germanManage],
  ['problems', englishProblems, germanProblems],
] as const;

describe.each(both)('the texts about %s', (_name, first, second) => {
  it('have the same names in German and English, and none is left in English', () => {
    const [here, there] = [flatten(first), flatten(second)];
    expect([...there.keys()].toSorted()).toEqual([...here.keys()].toSorted());
    const same = [...here].filter(([path, text]) => text.includes(' ') && there.get(path) === text);
    expect(same).toEqual([]);
  });
});

it('has every text that index.html names', async () => {
  const html = await readFile('src/web/index.html', 'utf8');
  const named = [...html.matchAll(/ data-text(?:-[\w-]+)?="([\w.]+)"/g)].map(([, path]) => path!);
  expect(named.length).toBeGreaterThan(20);
  const known = flatten(english);
  expect(named.filter((path) => !known.has(path))).toEqual([]);
});

it('has words for all that a job may be doing', () => {
  const { phase } = jobSchema.shape.progress.unwrap().shape;
  const { phases, kinds } = englishManage.quality;
  expect(phase.options.filter((each) => each !== 'waiting' && phases[each] === undefined)).toEqual([]);
  // What the page offers has a title of its own, and a snapshot is of no collection.
  const offered = ['calibrate', 'evaluate', 'check-labels', 'snapshot'];
  expect(JOB_KINDS.filter((kind) => !offered.includes(kind) && kinds[kind] === undefined)).toEqual([]);
});
