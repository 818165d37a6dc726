#!/usr/bin/env node
/**
 * Writes docs/errors.md from the error tables, so that they always agree; `--print` prints it instead. The comments between
 * the errors of a table are its headings. Run it after `npm run build`.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { ERRORS } from '../../dist/errors.js';

const TABLES = ['request', 'collection', 'service'];

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

/** Lists headings, each with its codes, in the order of the source files. */
async function readTopics() {
  const topics = [];
  for (const table of TABLES) {
    const source = await readFile(
      new URL(`../../src/error-codes/${table}-errors.ts`, import.meta.url),
      'utf8',
    );
    for (const [, heading, code] of source.matchAll(/^ {2}(?:\/\/ (.+)|(\w+): \{)$/gm)) {
      if (heading === undefined) {
        topics.at(-1).codes.push(code);
      } else {
        topics.push({ heading, codes: [] });
      }
    }
  }
  if (topics.flatMap(({ codes }) => codes).length !== Object.keys(ERRORS).length) {
    throw new Error('src/error-codes/ has errors that this script does not find.');
  }
  return topics;
}

function renderTopic({ heading, codes }) {
  const rows = codes.map((code) => {
    const { status, title, hint } = ERRORS[code];
    return `| \`${code}\` | ${status} | ${cell(title)} | ${cell(hint)} |`;
  });
  return `## ${heading}

| code | status | what happened | what to do |
|---|---|---|---|
${rows.join('\n')}
`;
}

const page = `# Error codes

Every error of pawdex has a stable \`code\`. HTTP responses carry it in a problem document (RFC 9457), the command line
prints it and the client throws it. Released codes are never renamed or reused; new ones may be added.

\`\`\`json
{
  "type": "../docs/errors#invalid_request",
  "title": "${ERRORS.invalid_request.title}",
  "status": ${ERRORS.invalid_request.status},
  "detail": "query.k: must be a whole number from 1 to 1000.",
  "code": "invalid_request",
  "hint": "${ERRORS.invalid_request.hint}",
  "instance": "../v1/identify",
  "requestId": "9870c3bd-02b1-4321-b39b-d1b58f5c4a01",
  "errors": [{ "path": "query.k", "message": "must be a whole number from 1 to 1000" }]
}
\`\`\`

- \`title\` fits every occurrence of a code, \`detail\` says what happened this time, and \`hint\` what to do about it.
- \`errors\` lists the fields that are wrong, at most 20.
- \`type\` and \`instance\` are relative to the requested address.
- \`requestId\` is also in the \`X-Request-Id\` header and in the server's log.
- Responses with status 503 have \`Retry-After\` in seconds.

${(await readTopics()).map(renderTopic).join('\n')}
This page is generated from \`src/error-codes/\`: \`node scripts/docs/errors.mjs\`. A running server shows it at /docs/errors.
`;

if (process.argv.includes('--print')) {
  process.stdout.write(page);
} else {
  await writeFile(new URL('../../docs/errors.md', import.meta.url), page);
}
