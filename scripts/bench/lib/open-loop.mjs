/**
 * A load client: `node open-loop.mjs URL PHOTOS RATE SECONDS`. Requests start at a fixed rate regardless of answers, as
 * with independent users. A closed loop would slow down with the server and hide the waiting times. RATE 0 sends one
 * request at a time instead. Prints one line of JSON.
 */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from './harness.mjs';
import { readPhotos } from './photos.mjs';

const [url, photos, rate, seconds] = process.argv.slice(2);
const target = new URL('/v1/identify', url);
const agent = new Agent({ keepAlive: true });
const BOUNDARY = 'pawdex-bench';
const bodies = readPhotos(photos).map((bytes) =>
  Buffer.concat([
    Buffer.from(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="q.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`,
    ),
    bytes,
    Buffer.from(`\r\n--${BOUNDARY}--\r\n`),
  ]),
);

const accepted = [];
const refused = [];
const retryAfter = new Map();
let failed = 0;

function ask(body) {
  const started = performance.now();
  return new Promise((resolve) => {
    const headers = {
      'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
      'content-length': body.length,
    };
    const sending = request(target, { method: 'POST', agent, headers }, (answer) => {
      answer.resume();
      answer.on('end', () => {
        const ms = performance.now() - started;
        if (answer.statusCode === 200) {
          accepted.push(ms);
        } else if (answer.statusCode === 503) {
          refused.push(ms);
          const wait = answer.headers['retry-after'];
          retryAfter.set(wait, (retryAfter.get(wait) ?? 0) + 1);
        } else {
          failed++;
        }
        resolve();
      });
    });
    sending.on('error', () => {
      failed++;
      resolve();
    });
    sending.end(body);
  });
}

const started = performance.now();
const open = new Set();
let sent = 0;
let i = 0;
const next = () => bodies[i++ % bodies.length];
while (performance.now() - started < seconds * 1000) {
  if (Number(rate) === 0) {
    await ask(next());
    sent++;
    continue;
  }
  const due = ((performance.now() - started) / 1000) * rate;
  for (; sent < due; sent++) {
    const asking = ask(next()).finally(() => open.delete(asking));
    open.add(asking);
  }
  await sleep(5);
}
await Promise.all(open);
const elapsed = (performance.now() - started) / 1000;
agent.destroy();

const round = (value) => (value === null ? null : Math.round(value * 10) / 10);
const share = (values, of) => round(percentile(values, of));
console.log(
  JSON.stringify({
    sentPerSecond: round(sent / seconds),
    accepted: accepted.length,
    acceptedPerSecond: round(accepted.length / elapsed),
    p50: share(accepted, 0.5),
    p99: share(accepted, 0.99),
    slowest: share(accepted, 1),
    refused: refused.length,
    refusedP99: share(refused, 0.99),
    failed,
    retryAfter: Object.fromEntries([...retryAfter].sort()),
  }),
);
