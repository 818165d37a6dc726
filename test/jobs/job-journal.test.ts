import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { JobJournal, readFailures } from '../../src/jobs/job-journal.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pawdex-journal-'));
});
afterEach(() => rm(folder, { recursive: true }));

const failure = (file: string) => ({ file, code: 'file_unreadable', detail: 'It is gone.', hint: 'Look.' });
const failures = async () => {
  const found: string[] = [];
  for await (const { file } of readFailures(folder)) {
    found.push(file);
  }
  return found;
};

it('resumes the files and counts of a killed run, without a truncated line', async () => {
  const journal = await JobJournal.open(folder);
  journal.record({ file: 'a.jpg', status: 'created' });
  journal.record({ file: 'b\n.jpg', status: 'exists' });
  journal.record({ ...failure('c.jpg'), status: 'failed' });
  await journal.flush();
  await appendFile(path.join(folder, 'journal.jsonl'), '{"file":"d.jpg","sta');

  const again = await JobJournal.open(folder);
  expect(['a.jpg', 'b\n.jpg', 'c.jpg', 'd.jpg'].map((file) => again.has(file))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  again.record({ file: 'a.jpg', status: 'exists' });
  again.record({ ...failure('d.jpg'), status: 'failed' });
  await again.flush();
  expect(again.counts).toEqual({ created: 1, exists: 1, failed: 2 });
  expect((await JobJournal.open(folder)).counts).toEqual(again.counts);
  expect(await failures()).toEqual(['c.jpg', 'd.jpg']);
});

it('keeps only the failures once the job is done', async () => {
  const journal = await JobJournal.open(folder);
  journal.record({ file: 'a.jpg', status: 'created' });
  journal.record({ ...failure('b.jpg'), status: 'failed' });
  await journal.finish();
  expect(await readdir(folder)).toEqual(['failures.jsonl']);
  expect(await failures()).toEqual(['b.jpg']);
});

it('lists at most 10,000 failures, and none for a job without files', async () => {
  expect(await failures()).toEqual([]);
  const journal = await JobJournal.open(folder);
  for (let i = 0; i < 10_050; i++) {
    journal.record({ ...failure(`${i}.jpg`), status: 'failed' });
  }
  await journal.flush();
  expect(await failures()).toHaveLength(10_000);
  expect(journal.counts).toEqual({ failed: 10_050 });
});

it('reports that it cannot be written', async () => {
  const journal = await JobJournal.open(path.join(folder, 'gone'));
  journal.record({ file: 'a.jpg', status: 'created' });
  await expect(journal.finish()).rejects.toThrow('ENOENT');
  expect(() => journal.record({ file: 'b.jpg', status: 'created' })).toThrow('ENOENT');
});
