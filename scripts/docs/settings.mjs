#!/usr/bin/env node
/**
 * Writes docs/settings.md from src/config.ts, so that they always agree; `--print` prints it instead.
 * Run it after `npm run build`.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { listSettings, PACKAGE_ROOT } from '../../dist/config.js';

function formatDefault(name, value) {
  if (name === 'THREADS') {
    return 'all cores';
  }
  if (Array.isArray(value) || value === '' || value === undefined) {
    return 'none';
  }
  const text = String(value);
  return `\`${text.startsWith(PACKAGE_ROOT) ? path.relative(PACKAGE_ROOT, text) : text}\``;
}

const rows = listSettings().map(
  (setting) =>
    `| \`PAWDEX_${setting.name}\` | ${formatDefault(setting.name, setting.default)} | ${setting.description} |`,
);
const page = `# Settings

Every setting is an environment variable, and a flag of the same name of every command: \`PAWDEX_DATA_DIR\` is
\`--data-dir\`. The flag wins. A misspelt \`PAWDEX_\` variable is refused at start.

| variable | default | what it sets |
|---|---|---|
${rows.join('\n')}

## Read by commands

These two are for [commands that work through a running server](cli.md#use-a-running-server):

| variable | default | what it sets |
|---|---|---|
| \`PAWDEX_SERVER\` | the server that has the data directory open, if any | address of the server, as the flag \`--server\` |
| \`PAWDEX_API_KEY\` | none | the key to send to it; there is no flag, because other users of the machine could read it |

The recipe of a training run has its own settings: [training.md](training.md#the-recipe).

This page is generated from \`src/config.ts\`: \`node scripts/docs/settings.mjs\`.
`;

if (process.argv.includes('--print')) {
  process.stdout.write(page);
} else {
  await writeFile(new URL('../../docs/settings.md', import.meta.url), page);
}
