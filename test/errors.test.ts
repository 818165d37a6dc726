import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asPawdexError, describeFailure, PawdexError } from '../src/errors.js';
import { toProblem } from '../src/http/problem-details.js';
import { type Share, Shares } from '../src/http/shares.js';

let root: string;
let file: string;
beforeAll(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'pawdex-errors-'));
  file = path.join(root, 'file');
  await writeFile(file, '');
});
afterAll(() => rm(root, { recursive: true }));

const catchError = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

/** What Node throws. */
const fail = (code: string) => Object.assign(new Error(code), { code, syscall: 'write' });

describe('an error of the file system', () => {
  it('is storage_failed, and says what to do', async () => {
    const { code, hint } = asPawdexError(await catchError(mkdir(path.join(file, 'folder'))));
    expect(code).toBe('storage_failed');
    expect(hint).toMatch(/may write/);
    expect(asPawdexError(await catchError(readFile(root))).code).toBe('storage_failed');
  });

  it('names the whole path on this machine, also after another thread threw it, but not to clients', async () => {
    const folder = path.join(file, 'folder');
    const error = PawdexError.fromWire(asPawdexError(await catchError(mkdir(folder))).toWire());
    expect(error.message).toBe(`Cannot access ${folder}: not a directory (ENOTDIR).`);
    const detail = 'Cannot access folder: not a directory (ENOTDIR).';
    expect(toProblem(error)).toMatchObject({ detail });
    expect(describeFailure(error)).toMatchObject({ detail });
  });

  it.each([
    ['ENOSPC', 'storage_full'],
    ['EDQUOT', 'storage_full'],
    ['EROFS', 'storage_failed'],
    ['EACCES', 'storage_failed'],
    ['EIO', 'storage_failed'],
    ['EMFILE', 'too_many_open_files'],
  ])('with %s is %s, with its cause', (system, code) => {
    const cause = fail(system);
    expect(asPawdexError(cause)).toMatchObject({ code, cause });
  });

  it('is coded where an answer is shared', async () => {
    const shares = new Shares(path.join(file, 'shares'), 1);
    const error = await catchError(
      shares.create({ collection: 'a', photoBase64: '', answer: {} as Share['answer'] }),
    );
    expect(asPawdexError(error).code).toBe('storage_failed');
  });
});

it('does not take an error of the network or a mistake in pawdex for one of the file system', async () => {
  const refused = await new Promise((resolve) => connect(1, '127.0.0.1').once('error', resolve));
  expect(asPawdexError(refused)).toMatchObject({ code: 'internal', cause: refused });
  expect(asPawdexError(new TypeError('x is not a function')).code).toBe('internal');
  expect(asPawdexError(Object.assign(fail('EACCES'), { syscall: 'listen' })).code).toBe('internal');
});
