import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** The problems that axe finds on the page in its current state, in words. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // As text, because the module's name for axe does not exist in the browser.
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
