import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type Running, startApp } from './app.js';
import { findBrowser, launch } from './browser.js';

/** Fixtures of browser tests, usable only inside tests. */
export interface Stage {
  browser: Browser;
  app: Running;
  /** Writes a file that the test can choose, and returns its path. */
  file: (name: string, bytes: Uint8Array | string) => Promise<string>;
  /** Writes files with these paths into a new folder, and returns its path. */
  folder: (files: Record<string, Uint8Array | string>) => Promise<string>;
}

/** The browser and the server of a test file, shared by its suites: starting them takes longer than most tests. */
let started: Promise<Stage & { files: string }> | undefined;

async function start(executable: string): Promise<Stage & { files: string }> {
  const files = await mkdtemp(path.join(tmpdir(), 'pawdex-e2e-files-'));
  const write = async (file: string, bytes: Uint8Array | string) => {
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
    return file;
  };
  const [browser, app] = await Promise.all([launch(executable), startApp()]);
  return {
    files,
    browser,
    app,
    file: (name, bytes) => write(path.join(files, name), bytes),
    folder: async (contents) => {
      const made = await mkdtemp(path.join(files, 'folder-'));
      for (const [name, bytes] of Object.entries(contents)) {
        await write(path.join(made, name), bytes);
      }
      return made;
    },
  };
}

afterAll(async () => {
  if (started !== undefined) {
    const { browser, app, files } = await started;
    await browser.close();
    await app.stop();
    await rm(files, { recursive: true });
  }
});

/** Tests against the running product in a browser; skipped with a message if there is no Chromium. */
export function describeInBrowser(name: string, tests: (stage: Stage) => void): void {
  const executable = findBrowser();
  describe.skipIf(executable === null)(name, () => {
    const stage = {} as Stage;
    beforeAll(async () => {
      started ??= start(executable!);
      Object.assign(stage, await started);
    });
    afterEach(async () => {
      await Promise.all(stage.browser.contexts().map((context) => context.close()));
    });
    tests(stage);
  });
}
