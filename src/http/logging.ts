/** One log line per request: method, path, status, time, id. Never bodies, queries, headers or keys. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';

const QUIET = new Set(['/healthz', '/readyz', '/metrics']);

const pathOf = (url: string | undefined) => (url ?? '').split('?', 1)[0]!;

/** Takes the caller's X-Request-Id where it is harmless, so that logs of several services line up. */
function requestId(req: IncomingMessage, res: ServerResponse): string {
  const given = req.headers['x-request-id'];
  const id = typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
  res.setHeader('X-Request-Id', id);
  return id;
}

/** Sets `req.id` and `req.log` and logs every answer. */
export function requestLog(logger: Logger): RequestHandler {
  return pinoHttp({
    logger,
    genReqId: requestId,
    quietReqLogger: true,
    customAttributeKeys: { reqId: 'requestId' },
    customProps: (req) => ({
      method: req.method,
      path: pathOf((req as { originalUrl?: string }).originalUrl),
    }),
    serializers: {
      req: () => undefined,
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
      // The error itself was logged under the same id where it became an answer.
      err: (error: Error) => ({ type: error.name, message: error.message, stack: error.stack }),
    },
    customLogLevel: (req, res) => {
      if (QUIET.has(pathOf(req.url))) return 'debug';
      return res.statusCode >= 500 ? 'warn' : 'info';
    },
  });
}
