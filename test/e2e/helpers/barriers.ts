import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/** What axe finds wrong with the page as it is now, in words. */
export async function barriers(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  // As text: the module's name for axe means nothing in the browser.
  const { violations } = await page.evaluate<AxeResults>('axe.run()');
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
