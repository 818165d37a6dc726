import axe, { type AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * The problems that axe finds on the page in its current state, in words.
 *
 * @param rules only these; by default all
 */
export async function barriers(page: Page, rules?: readonly string[]): Promise<string[]> {
  // As text, because the module's name for axe does not exist in the browser.
  if (!(await page.evaluate('"axe" in window'))) {
    await page.evaluate(axe.source);
  }
  // The reference at /docs is Swagger UI's own page inside ours.
  const options = JSON.stringify({ resultTypes: ['violations'], ...(rules && { runOnly: rules }) });
  const { violations } = await page.evaluate<AxeResults>(`axe.run({ exclude: '.swagger-ui' }, ${options})`);
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
