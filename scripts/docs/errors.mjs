#!/usr/bin/env node
/**
 * Writes docs/errors.md from the error table, so that they always agree; `--print` prints it instead.
 * Run it after `npm run build`.
 */
import { writeFile } from 'node:fs/promises';
import { ERRORS } from '../../dist/errors.js';

const cell = (text) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

const page = `# Error codes

Every error of pawdex has a stable \`code\`. HTTP answers carry it in a problem document (RFC 9457), the command line
prints it and the client throws it. Released codes are never renamed or reused; new ones may be added. The title fits
every occurrence of a code, \`detail\` says what happened this time, and \`hint\` what to do about it.

This page is generated from \`src/error-codes/\`: \`node scripts/docs/errors.mjs\`. A running server shows it at /docs/errors.

| code | status | what happened | what to do |
|---|---|---|---|
${Object.entries(ERRORS)
  .map(([code, { status, title, hint }]) => `| \`${code}\` | ${status} | ${cell(title)} | ${cell(hint)} |`)
  .join('\n')}

An answer looks like this:

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

\`errors\` lists the fields that are wrong, at most 20. \`type\` and \`instance\` are relative to the requested
address. \`requestId\` is also in
the \`X-Request-Id\` header and in the server's log. Answers with status 503 have \`Retry-After\` in seconds.
`;

if (process.argv.includes('--print')) {
  process.stdout.write(page);
} else {
  await writeFile(new URL('../../docs/errors.md', import.meta.url), page);
}
