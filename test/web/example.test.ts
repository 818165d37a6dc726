import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

it('offers the very photo that tests and documentation use', async () => {
  const [offered, shipped] = await Promise.all([
    readFile('src/web/example.png'),
    readFile('test/fixtures/chelsea/chelsea.png'),
  ]);
  expect(offered.equals(shipped)).toBe(true);
});
