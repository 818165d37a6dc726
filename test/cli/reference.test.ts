import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT, getExitCode } from '../../src/cli/exit-codes.js';
import { PACKAGE_ROOT } from '../../src/config.js';
import { ERRORS, type ErrorCode, PawdexError } from '../../src/errors.js';
import { Sandbox } from './sandbox.js';

let sandbox: Sandbox;
let page: string;
beforeAll(async () => {
  sandbox = await Sandbox.create();
  page = await readFile(path.join(PACKAGE_ROOT, 'docs/cli.md'), 'utf8');
});
afterAll(() => sandbox.remove());

it('docs/cli.md has every command', async () => {
  const { stdout } = await sandbox.run(['--help']);
  const commands = [...stdout.split('\nCommands:')[1]!.matchAll(/^ {2}([a-z][a-z-]*) /gm)].map(
    ([, name]) => name!,
  );
  expect(commands).toContain('doctor');
  expect(commands.filter((name) => name !== 'help' && !page.includes(`pawdex ${name}`))).toEqual([]);
});

it('docs/cli.md and --help have every exit code', async () => {
  const { stdout } = await sandbox.run(['--help']);
  for (const code of Object.values(EXIT)) {
    expect(page.split('## Exit codes')[1]).toMatch(new RegExp(`\\b${code}\\b`));
    expect(stdout.split('Exit codes:')[1]).toMatch(new RegExp(`\\b${code}\\b`));
  }
});

it('only crashes exit like a bug', () => {
  const codes = Object.keys(ERRORS) as ErrorCode[];
  const bugs = codes.filter((code) => getExitCode(new PawdexError(code)) === EXIT.internal);
  expect(bugs.sort()).toEqual(['internal', 'worker_failed']);
});

it.each(['index', 'eval', 'check-labels', 'clean-labels', 'train', 'views', 'quantise', 'attach-thumbnails'])(
  '%s has the options that select a part of a set',
  async (name) => {
    const module = pathToFileURL(path.join(PACKAGE_ROOT, 'dist', 'cli', `${name}-command.js`));
    const { command } = await import(/* @vite-ignore */ module.href);
    for (const flag of ['--label <rule>', '--include <glob>', '--exclude <glob>']) {
      expect(command.helpInformation()).toContain(flag);
    }
  },
);

it('help has the options of the command first, then the common ones', async () => {
  const { stdout } = await sandbox.run(['items', 'list', '--help']);
  const groups = [...stdout.matchAll(/^(Options|Common options|Settings):$/gm)].map(([, group]) => group);
  expect(groups).toEqual(['Options', 'Common options', 'Settings']);
});

it('help shows only the settings that the command uses', async () => {
  const listSettings = async (...args: string[]) => {
    const { stdout } = await sandbox.run([...args, '--help']);
    return [...(stdout.split('Settings:')[1] ?? '').matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag);
  };
  expect(await listSettings('verify')).toEqual([]);
  expect(await listSettings('snapshot')).toEqual(['--data-dir']);
  expect(await listSettings('labels')).toEqual(['--data-dir', '--accept-damage', '--model', '--gallery']);
});

it('every command accepts every setting, and flags may stand before a subcommand', async () => {
  const run = (...args: string[]) => sandbox.run(['collections', ...args, '--max-pixels', '5000']);
  expect(await run('--description', 'Pets', 'create', 'mine')).toMatchObject({ code: 0 });
  const { stdout } = await run('--json', 'list');
  expect(JSON.parse(stdout)).toMatchObject({ collections: [{ name: 'mine', description: 'Pets' }] });
  expect(await run('lits')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Unknown action lits. Use one of list, create'),
  });
});

it('help marks required options, shows no default of those that may be repeated, and fits 80 columns', async () => {
  const { stdout } = await sandbox.run(['index', '--help']);
  expect(stdout).toMatch(/--collection <name>[^-]+\(required\)/);
  expect(stdout).toMatch(/--include <glob>[^-]+may be repeated\n/);
  const { stdout: overview } = await sandbox.run(['--help']);
  expect(overview).toMatch(/^ {2}collections \[command\]/m);
  expect(`${stdout}\n${overview}`.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

it('wrong usage points to the help of the command', async () => {
  const run = async (...args: string[]) => (await sandbox.run(args)).stderr;
  expect(await run('eval', '--frob')).toBe("error: unknown option '--frob'\n  See `pawdex eval --help`.\n");
  expect(await run('frob', 'index')).toBe("error: unknown command 'frob'\n  See `pawdex --help`.\n");
  // A word that is also the name of a command may follow.
  expect(await run('eval', '--gallery', 'index')).toContain('See `pawdex eval --help`.');
});
