/** Calls between a benchmark and its child process, with plain arguments and one call at a time. */
import { fork } from 'node:child_process';
import { once } from 'node:events';

/** In the child: answers calls with these methods, until the parent disconnects or ends. */
export function serve(methods) {
  process.once('disconnect', () => process.exit());
  process.on('message', async ({ method, args }) => {
    try {
      process.send({ value: await methods[method](...args) });
    } catch (error) {
      process.send({ error: error instanceof Error ? error.stack : String(error) });
    }
  });
}

/** Starts the child. `call` rejects with the child's error, or if the child exits. */
export function startChild(script, ...args) {
  const child = fork(script, args);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${script} ended with ${code}`);
  });
  ended.catch(() => {});
  return {
    async call(method, ...args) {
      const answer = once(child, 'message');
      child.send({ method, args });
      const [{ value, error }] = await Promise.race([answer, ended]);
      if (error !== undefined) {
        throw new Error(error);
      }
      return value;
    },
    async stop() {
      child.disconnect();
      await ended.catch(() => {});
    },
  };
}

/** Returns the resident memory of this process in MiB. */
export const residentMiB = () => process.memoryUsage.rss() / 2 ** 20;
