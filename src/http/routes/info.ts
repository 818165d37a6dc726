/** GET /v1/info: what a client needs to know to work with this server. */

import type { UploadLimits } from '../body/reader.js';
import type { AppDeps } from '../deps.js';
import type { Endpoint } from '../endpoint.js';
import { info } from '../schemas/answers.js';
import { noQuery } from '../schemas/common.js';
import { parse } from '../validate.js';
import { json } from './answers.js';

export function infoRoutes({ engine, version }: AppDeps, limits: UploadLimits): Endpoint[] {
  return [
    {
      method: 'get',
      path: '/v1/info',
      tag: 'service',
      summary: 'Version, model and upload limits of this server',
      responses: { 200: json('About this server.', info) },
      errors: [],
      handle(req, res) {
        parse(noQuery, req.query, 'query');
        res.json({ version, model: engine.encoder, limits });
      },
    },
  ];
}
