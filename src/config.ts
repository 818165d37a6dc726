/** All settings: PAWDEX_* variables, or flags of the same name, parsed and checked at start. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { describeIssue } from './describe-issue.js';
import { PawdexError } from './errors.js';

/** Root of the installed package, which contains models/. */
export const PACKAGE_ROOT = fileURLToPath(new URL('../', import.meta.url));

const manifest = JSON.parse(readFileSync(path.join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
  version: string;
};
/** The version in package.json. */
export const VERSION = manifest.version;

/** The collection that the shipped gallery is loaded into, and the default collection of requests. */
export const SHIPPED_COLLECTION = 'breeds';

const locateShipped = (file: string) => path.join(PACKAGE_ROOT, 'models', file);
const flag = z
  .union([z.boolean(), z.enum(['true', 'false', '1', '0'])], 'must be true or false')
  .transform((value) => value === true || value === 'true' || value === '1')
  .default(false);
const list = z
  .union([z.array(z.string()), z.string()])
  .transform((value) =>
    (Array.isArray(value) ? value : value.split(',')).map((element) => element.trim()).filter(Boolean),
  )
  .default([]);
const number = z.coerce.number();
const integer = number.int();
const hours = number.min(0).max(8760).default(0);

const schema = z.object({
  PORT: integer.min(0).max(65535).default(3000).describe('TCP port; 0 chooses a free one'),
  HOST: z.string().min(1).default('127.0.0.1').describe('address to listen on; 0.0.0.0 for all'),
  DATA_DIR: z.string().min(1).default('data').describe('where collections are kept'),
  ACCEPT_DAMAGE: flag.describe(
    'continue with the intact part of a damaged data directory; the damaged database is kept next to it',
  ),
  SNAPSHOT_HOURS: hours.describe('hours between automatic snapshots; 0 for none'),
  KEEP_SNAPSHOTS: integer
    .min(1)
    .max(1000)
    .default(7)
    .describe('snapshots kept in DATA_DIR/snapshots; the oldest are removed'),
  INDEX_ROOTS: list.describe('comma-separated folders that jobs may index photos from'),
  MAX_ARCHIVE_MB: number
    .positive()
    .default(4096)
    .describe(
      'largest archive that may be uploaded for indexing, in MiB; it is kept until its job has finished',
    ),
  MODEL: z.string().min(1).default(locateShipped('encoder.json')).describe('model card of the encoder'),
  GALLERY: z
    .string()
    .default(locateShipped('gallery.parquet'))
    .describe('gallery that is loaded into the collection `breeds`; empty for none'),
  API_KEYS: list.describe('comma-separated API keys; without any, clients need none'),
  API_KEYS_FILE: z.string().default('').describe('file with one API key per line'),
  ALLOW_UNAUTHENTICATED: flag.describe(
    'serve other machines without keys: anyone who reaches the port can read, write and delete',
  ),
  READ_ONLY: flag.describe('refuse requests that would change collections, jobs or snapshots'),
  ALLOWED_HOSTS: list.describe(
    'comma-separated host names that a server without keys answers to, in addition to localhost and IP addresses',
  ),
  ALLOWED_ORIGINS: list.describe(
    'comma-separated origins of web sites that may use the API, such as https://shop.example',
  ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('lowest level that is logged'),
  MAX_UPLOAD_MB: number.positive().max(1024).default(20).describe('largest image file, in MiB'),
  SHARE_HOURS: hours.describe('hours that a shared answer stays available; 0 disables sharing'),
  FETCH_URLS: flag.describe('fetch images that requests name by `url`, from public addresses only'),
  MAX_PIXELS: integer
    .min(1024)
    .default(200_000_000)
    .describe('largest image to decode, in pixels (width x height)'),
  DECODE_MEMORY_MB: number
    .min(64)
    .default(416)
    .describe(
      'memory for decoding images, in MiB; an image that needs more than three quarters of it is refused',
    ),
  MAX_BATCH_FILES: integer.min(1).max(1000).default(64).describe('largest number of images in one upload'),
  THREADS: integer.min(1).max(256).default(availableParallelism()).describe('threads of the encoder'),
  MAX_QUEUE: integer
    .min(1)
    .default(256)
    .describe('images that may wait for the encoder; further requests are refused with 503'),
  MAX_CONNECTIONS: integer
    .min(1)
    .max(100_000)
    .default(1000)
    .describe('largest number of open connections; more are refused'),
  SHUTDOWN_SECONDS: number
    .min(0)
    .default(20)
    .describe('seconds that requests in progress have to finish at shutdown'),
  TRUST_PROXY: flag.describe('trust the X-Forwarded-* headers of a proxy in front'),
});

/** The parsed settings. */
export type Config = z.infer<typeof schema>;

/** Lists names, defaults and descriptions, for `--help` and docs/settings.md. */
export function listSettings(): { name: keyof Config; description: string; default: unknown }[] {
  return Object.entries(schema.shape).map(([name, field]) => ({
    name: name as keyof Config,
    description: field.description ?? '',
    default: field.parse(undefined),
  }));
}

/** PAWDEX_* variables that only the command line's client reads. */
const CLIENT_VARIABLES = new Set(['SERVER', 'API_KEY']);

/** Lists the settings in the environment. An empty variable counts as unset, except for GALLERY, where it means none. */
function readEnvironment(env: NodeJS.ProcessEnv): [name: string, value: unknown][] {
  return Object.entries(env).flatMap(([variable, value]) => {
    const name = variable.startsWith('PAWDEX_') ? variable.slice('PAWDEX_'.length) : null;
    if (name === null || CLIENT_VARIABLES.has(name)) {
      return [];
    }
    if (!Object.hasOwn(schema.shape, name)) {
      throw new PawdexError('config_invalid', { detail: `${variable} is not a setting of pawdex.` });
    }
    return value !== '' || name === 'GALLERY' ? [[name, value]] : [];
  });
}

/**
 * Parses settings from flags and the environment; flags take precedence. Unknown PAWDEX_* variables are refused, since
 * silently ignoring a misspelt setting is dangerous.
 *
 * @param flags settings given on the command line, by name without the prefix
 * @param env the environment
 * @throws PawdexError config_invalid
 */
export function parseConfig(flags: Partial<Record<keyof Config, unknown>>, env: NodeJS.ProcessEnv): Config {
  const given = Object.entries(flags).filter(([, value]) => value !== undefined);
  const values = Object.fromEntries([...readEnvironment(env), ...given]);
  const parsed = schema.safeParse(values, { error: describeIssue });
  if (parsed.success) {
    return parsed.data;
  }
  const errors = parsed.error.issues.map(({ path: [name], message }) => ({
    path: `PAWDEX_${String(name)}`,
    message,
  }));
  const [first] = errors;
  throw new PawdexError('config_invalid', { detail: `${first!.path} ${first!.message}.`, errors });
}
