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

/** Tests against the running product in a browser; skipped with a message if there is no Chromium. */
export function describeInBrowser(name: string, tests: (stage: Stage) => void): void {
  const executable = findBrowser();
  describe.skipIf(executable === null)(name, () => {
    const stage = {} as Stage;
    let folder: string | undefined;
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'pawdex-e2e-files-'));
      stage.file = async (fileName, bytes) => {
        const file = path.join(folder!, fileName);
        await writeFile(file, bytes);
        return file;
      };
      stage.folder = async (files) => {
        const made = await mkdtemp(path.join(folder!, 'folder-'));
        for (const [name, bytes] of Object.entries(files)) {
          await mkdir(path.dirname(path.join(made, name)), { recursive: true });
          await writeFile(path.join(made, name), bytes);
        }
        return made;
      };
      stage.browser = await launch(executable!);
      stage.app = await startApp();
    });
    afterEach(async () => {
      await Promise.all(stage.browser.contexts().map((context) => context.close()));
    });
    afterAll(async () => {
      await stage.browser?.close();
      await stage.app?.stop();
      if (folder) {
        await rm(folder, { recursive: true });
      }
    });
    tests(stage);
  });
}
