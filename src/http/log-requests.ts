/** One log line per request: method, path, status, time, id. Never bodies, queries, headers or keys. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';

/** Probes, which would fill the log. */
const QUIET_PATHS = new Set(['/healthz', '/readyz', '/metrics']);

const stripQuery = (url: string | undefined) => (url ?? '').split('?', 1)[0]!;

/** Uses the caller's X-Request-Id if it is valid, so that the logs of several services can be joined. */
function assignRequestId(req: IncomingMessage, res: ServerResponse): string {
  const header = req.headers['x-request-id'];
  const id = typeof header === 'string' && /^[\w.:-]{1,64}$/.test(header) ? header : randomUUID();
  res.setHeader('X-Request-Id', id);
  return id;
}

/** Sets `req.id` and `req.log` and logs every response. */
export function logRequests(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: assignRequestId,
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    customProps: (req) => ({
      method: req.method,
      path: stripQuery((req as { originalUrl?: string }).originalUrl),
    }),
    serializers: {
      req: () => undefined,
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
      // The error handler has logged the error itself, under the same id.
      err: (error: Error) => ({ type: error.name, message: error.message, stack: error.stack }),
    },
    customLogLevel: (req, res) => {
      if (QUIET_PATHS.has(stripQuery(req.url))) {
        return 'debug';
      }
      return res.statusCode >= 500 ? 'warn' : 'info';
    },
  });
}
