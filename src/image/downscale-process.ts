/** The process that downscales large images, one at a time. downscale-in-process.ts starts it, talks to it and ends it. */
import { asPawdexError, type WireError } from '../errors.js';
import { type DownscaledImage, type DownscaleTask, downscale } from './downscale.js';
import { toDecodeError } from './image-errors.js';

/** The reply of the process. */
export type DownscaleReply = { image: DownscaledImage } | { error: WireError };

const send = (reply: DownscaleReply) => process.send!(reply);

process.on('message', (task: DownscaleTask) => {
  downscale(task).then(
    (image) => send({ image }),
    (error) => send({ error: asPawdexError(toDecodeError(error)).toWire() }),
  );
});
// The server is gone. Kill the process, since a decode in progress would delay an ordinary exit.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
