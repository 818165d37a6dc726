/** Runs the built command line as a process of its own, in a data directory of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { PACKAGE_ROOT } from '../../src/config.js';
import Database, { hasTable } from '../../src/store/embedded/sqlite/sqlite.js';
import { until } from '../helpers/until.js';

const MAIN = path.join(PACKAGE_ROOT, 'dist', 'cli', 'main.js');

/** The CC0 cat photo that ships with the tests. */
export const CAT = path.join(PACKAGE_ROOT, 'test', 'fixtures', 'chelsea', 'chelsea.png');

/** How a command ended. */
export interface Ended {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A command that may still run. */
interface Started {
  child: ChildProcess;
  ended: Promise<Ended>;
  /** Asks it to end. */
  stop: () => Promise<Ended>;
  kill: () => Promise<Ended>;
}

/** A folder for one test file: photos, data directory, and the commands that work on them. */
export class Sandbox {
  readonly #children = new Set<ChildProcess>();
  private constructor(readonly root: string) {}

  static async create(): Promise<Sandbox> {
    return new Sandbox(await mkdtemp(path.join(os.tmpdir(), 'pawdex-cli-')));
  }

  get dataDir(): string {
    return path.join(this.root, 'data');
  }

  /** Ends what still runs and deletes everything. */
  async remove(): Promise<void> {
    for (const child of this.#children) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(this.root, { recursive: true, force: true });
  }

  /** Starts a command without the shipped gallery, which takes a moment to load, unless `env` says otherwise. */
  start(args: string[], env: Record<string, string> = {}): Started {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: this.root,
      env: { ...process.env, PAWDEX_DATA_DIR: this.dataDir, PAWDEX_GALLERY: '', PAWDEX_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = once(child, 'close').then(([code, signal]) => {
      this.#children.delete(child);
      return { code, signal, stdout, stderr } as Ended;
    });
    const end = (signal: NodeJS.Signals) => {
      child.kill(signal);
      return ended;
    };
    return { child, ended, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
  }

  run(args: string[], env?: Record<string, string>): Promise<Ended> {
    return this.start(args, env).ended;
  }

  /** Writes `count` photos that differ into folder/LABEL/, half of them for each of two labels. */
  async photos(folder: string, count: number): Promise<string> {
    const to = path.join(this.root, folder);
    for (const label of ['even', 'odd']) {
      await mkdir(path.join(to, label), { recursive: true });
    }
    for (let i = 0; i < count; i++) {
      const background = { r: (i * 37) % 256, g: (i * 91) % 256, b: (i >> 3) % 256 };
      const photo = await sharp({ create: { width: 40 + (i % 7), height: 32, channels: 3, background } })
        .png()
        .toBuffer();
      await writeFile(path.join(to, i % 2 ? 'odd' : 'even', `${String(i).padStart(4, '0')}.png`), photo);
    }
    return to;
  }

  /** Starts a server and waits until it listens. */
  async serve(env?: Record<string, string>) {
    const command = this.start(['serve'], env);
    const { child, ended } = command;
    const file = path.join(this.dataDir, 'server.json');
    const pid = () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).pid : null);
    await until(() => pid() === child.pid || child.exitCode !== null);
    if (child.exitCode !== null) {
      throw new Error((await ended).stderr);
    }
    const { url } = JSON.parse(readFileSync(file, 'utf8')) as { url: string };
    return { url, ...command };
  }
}

/** Whether an index run into `dataDir` has stored something by now, for good. */
export function stored(dataDir: string): boolean {
  const file = path.join(dataDir, 'pawdex.db');
  if (!existsSync(file)) {
    return false;
  }
  const db = new Database(file, { readonly: true });
  try {
    return hasTable(db, 'items') && db.prepare('SELECT 1 FROM items').get() !== undefined;
  } finally {
    db.close();
  }
}
