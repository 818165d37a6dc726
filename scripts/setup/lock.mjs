/** Allows one set-up at a time per checkout, by a lock file that is broken once its holder is gone. */
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const HEARTBEAT_MS = 2_000;
const STALE_MS = 30_000;

/**
 * Waits for the lock, then runs `work` while holding it.
 *
 * @template T
 * @param {string} file the lock file
 * @param {() => Promise<T>} work
 * @param {() => void} [onWait] called once if another process holds it
 * @returns {Promise<T>}
 */
export async function withLock(file, work, onWait = () => {}) {
  let told = false;
  while (!tryAcquire(file)) {
    if (!told) {
      onWait();
    }
    told = true;
    await sleep(200);
  }
  const heartbeat = setInterval(() => utimesSync(file, new Date(), new Date()), HEARTBEAT_MS);
  heartbeat.unref();
  const release = () => rmSync(file, { force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    process.removeListener('exit', release);
    release();
  }
}

function tryAcquire(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') {
      throw error;
    }
  }
  const holder = staleHolder(file);
  if (holder !== null) {
    takeAway(file, holder);
  }
  return false;
}

/** Returns the pid in the lock if its process is gone, or null while it runs. */
function staleHolder(file) {
  try {
    const { mtimeMs } = statSync(file);
    const holder = readFileSync(file, 'utf8');
    // A new lock is empty until its first write, so an empty young lock counts as alive.
    if (Date.now() - mtimeMs > STALE_MS) {
      return holder;
    }
    return holder !== '' && !isAlive(Number(holder)) ? holder : null;
  } catch (error) {
    if (error.code === 'ENOENT') {
      return null;
    }
    throw error;
  }
}

/** Removes a dead process's lock. Puts it back if another process has taken it over in between. */
function takeAway(file, holder) {
  const aside = `${file}.${process.pid}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, 'utf8') !== holder) {
      linkSync(aside, file);
    }
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') {
      throw error;
    }
  } finally {
    rmSync(aside, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
