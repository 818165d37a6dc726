import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'models/README.md',
  'scripts/README.md',
  'scripts/model/README.md',
  ...['docs', ...listPageFolders()].flatMap((folder) =>
    readdirSync(path.join(root, folder))
      .filter((file) => file.endsWith('.md'))
      .map((file) => path.join(folder, file)),
  ),
];

/** Lists the folders of docs/ without those of the site's tools, which may be installed at this moment. */
function listPageFolders(): string[] {
  return readdirSync(path.join(root, 'docs'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
    .map(({ name }) => path.join('docs', name));
}

const readPage = (page: string) => readFileSync(path.join(root, page), 'utf8');

/** Headings as a code host links to them. */
function findAnchors(text: string): string[] {
  const headings = text.replace(/```[\s\S]*?```/g, '').matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, title]) =>
    title!
      .replaceAll(/[`*]/g, '')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('documentation', () => {
  it.each(pages)('%s links to files and headings that exist', (page) => {
    const links = [...readPage(page).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
      ([, link]) => link!,
    );
    for (const link of links) {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? page : path.join(path.dirname(page), file);
      expect(existsSync(path.join(root, target)), `${page} -> ${link}`).toBe(true);
      if (anchor !== undefined && target.endsWith('.md')) {
        expect(findAnchors(readPage(target)), `${page} -> ${link}`).toContain(anchor);
      }
    }
  });

  it.each(pages)('%s names files of this repository that exist', (page) => {
    const named = readPage(page).matchAll(
      /(?<![\w./])(?:src|test|scripts|models)\/[\w/.-]+\.(?:ts|mjs|py|yaml)\b/g,
    );
    expect([...named].map(([file]) => file).filter((file) => !existsSync(path.join(root, file)))).toEqual([]);
  });

  it('names only source files that exist in docs/architecture.md', () => {
    const sources = readdirSync(path.join(root, 'src'), { recursive: true, encoding: 'utf8' });
    const named = [...readPage('docs/architecture.md').matchAll(/`([\w/-]+\.ts)`/g)].map(([, file]) => file!);
    expect(named.length).toBeGreaterThan(30);
    expect(named.filter((file) => !sources.some((source) => `/src/${source}`.endsWith(`/${file}`)))).toEqual(
      [],
    );
  });

  it('lists every setting (if not: node scripts/docs/settings.mjs)', () => {
    const script = path.join(root, 'scripts/docs/settings.mjs');
    const generated = execFileSync(process.execPath, [script, '--print'], { encoding: 'utf8' });
    expect(readPage('docs/settings.md')).toBe(generated);
  });
});
