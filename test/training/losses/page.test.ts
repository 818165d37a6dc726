import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { blocks, withBlocks } from '../../../scripts/docs/contrastive/blocks.mjs';
import * as figures from '../../../scripts/docs/contrastive/figures.mjs';

const docs = new URL('../../../docs/', import.meta.url);
const REMAKE = 'run node scripts/docs/contrastive-figures.mjs';
const NUMBER = /-?\d+(?:\.\d+)?/g;

/** Equal but for the last digit of numbers, which differs between processors. */
function expectSame(found: string, made: string): void {
  expect(found.replace(NUMBER, '#'), REMAKE).toBe(made.replace(NUMBER, '#'));
  const numbers = (text: string) => (text.match(NUMBER) ?? []).map(Number);
  const [before, after] = [numbers(found), numbers(made)];
  const apart = after.filter((value, i) => Math.abs(value - (before[i] ?? Number.NaN)) > 0.0101);
  expect(apart, REMAKE).toEqual([]);
}

it('docs/contrastive-learning.md has the values that the losses compute', async () => {
  const page = await readFile(new URL('contrastive-learning.md', docs), 'utf8');
  const made = await blocks();
  expect(Object.keys(made)).toHaveLength(page.match(/<!-- end -->/g)?.length ?? 0);
  expect(withBlocks(page, made), REMAKE).toBe(page);
});

it.each(Object.entries(figures))(
  'the figure %s has the values that the losses compute',
  async (name, draw) => {
    expectSame(await readFile(new URL(`images/contrastive-${name}.svg`, docs), 'utf8'), await draw());
  },
);

it('links to files that exist', async () => {
  const page = await readFile(new URL('contrastive-learning.md', docs), 'utf8');
  const links = [...page.matchAll(/\]\(((?!https?:)[^)#]+)/g)].map(([, link]) => link as string);
  expect(links.length).toBeGreaterThan(15);
  for (const link of links) {
    await expect(readFile(new URL(link, docs)), link).resolves.toBeDefined();
  }
});
