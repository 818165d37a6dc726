/** Process that reduces large images, one at a time. reducer.ts starts it, talks to it and ends it. */
import { asPawdexError, type WireError } from '../errors.js';
import { toDecodeError } from './image-errors.js';
import { type Reduced, type ReductionTask, reduce } from './reduction.js';

/** The reply of the process. */
export type ReductionReply = { reduced: Reduced } | { error: WireError };

const send = (reply: ReductionReply) => process.send!(reply);

process.on('message', (task: ReductionTask) => {
  reduce(task).then(
    (reduced) => send({ reduced }),
    (error) => send({ error: asPawdexError(toDecodeError(error)).toWire() }),
  );
});
// The server is gone. Kill the process, since a decode in progress would delay an ordinary exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
