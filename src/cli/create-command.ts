/** The flags that all commands share: every setting, `--quiet` and `--verbose`. */
import { Command, type CommandUnknownOpts, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { type Config, listSettings, PACKAGE_ROOT, parseConfig } from '../config.js';
import { EXIT_HELP } from './exit-codes.js';

/** The values of the flags that every command has. */
export interface CommonOptions {
  config: Config;
  /** Base URL of the server given with `--server`, or null: the command then opens the data directory itself. */
  server: string | null;
  quiet: boolean;
  /** See `LocalEngineOptions`. */
  usesGallery?: boolean;
}

/** DATA_DIR -> data-dir */
const toFlagName = (name: string) => name.toLowerCase().replaceAll('_', '-');
/** DATA_DIR -> dataDir, as commander names the value of the flag */
const toOptionKey = (name: string) =>
  toFlagName(name).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const formatDefault = (value: unknown) =>
  Array.isArray(value) && value.length === 0 ? 'none' : String(value).replace(PACKAGE_ROOT, '');

/** Settings that only `serve --help` lists. */
const SERVER_ONLY = new Set<keyof Config>([
  'PORT',
  'HOST',
  'API_KEYS',
  'API_KEYS_FILE',
  'ALLOW_UNAUTHENTICATED',
  'ALLOWED_HOSTS',
  'ALLOWED_ORIGINS',
  'LOG_LEVEL',
  'SNAPSHOT_HOURS',
  'KEEP_SNAPSHOTS',
  'INDEX_ROOTS',
  'MAX_ARCHIVE_MB',
  'SHARE_HOURS',
  'FETCH_URLS',
  'MAX_QUEUE',
  'MAX_BATCH_FILES',
  'MAX_CONNECTIONS',
  'SHUTDOWN_SECONDS',
  'TRUST_PROXY',
]);

/**
 * Creates a command whose help ends with an example and the exit codes.
 *
 * @param description one sentence, in lower case
 * @param example a typical command line, without `pawdex`
 */
export function createCommand(name: string, description: string, example: string) {
  return new Command(name)
    .description(description)
    .showHelpAfterError('(use --help for usage)')
    .addHelpText('after', `\nExample:\n  pawdex ${example}\n${EXIT_HELP}`);
}

/** Adds the flags that every command has. Call it last: `--help` lists a command's own flags first. */
export function addCommonOptions(made: CommandUnknownOpts): CommandUnknownOpts {
  made
    .addOption(new Option('-q, --quiet', 'print only results and errors').helpGroup('Common options:'))
    .addOption(new Option('-v, --verbose', 'print stack traces of errors').helpGroup('Common options:'));
  for (const option of made.options) {
    // Instead of `[]`, for flags that may be repeated.
    if (Array.isArray(option.defaultValue)) {
      option.defaultValueDescription ??= formatDefault(option.defaultValue);
    }
  }
  // A command's own flag of the same name wins: `eval --gallery` names a labelled set.
  const own = new Set(made.options.map(({ long }) => long));
  for (const { name, description, default: fallback } of listSettings()) {
    if (own.has(`--${toFlagName(name)}`)) {
      continue;
    }
    const value = typeof fallback === 'boolean' ? '[true|false]' : '<value>';
    const text = `${description} (PAWDEX_${name}; default ${formatDefault(fallback)})`;
    const option = new Option(`--${toFlagName(name)} ${value}`, text).helpGroup('Settings:');
    // Every command accepts them, so that a shared .env file works, but only the server uses them.
    if (SERVER_ONLY.has(name) && made.name() !== 'serve') {
      option.hideHelp();
    }
    made.addOption(option);
  }
  return made;
}

/** For commands that can work through a running server. Add it after a command's own flags. */
export const SERVER = new Option(
  '--server <url>',
  'use the collections of this running server (PAWDEX_SERVER; set PAWDEX_API_KEY if it asks for a key)',
).helpGroup('Common options:');

/**
 * Reads the common flags and the environment.
 *
 * @param options flags as commander parsed them
 * @throws PawdexError config_invalid
 */
export function readCommonOptions(options: Record<string, unknown>): CommonOptions {
  const flags = Object.fromEntries(listSettings().map(({ name }) => [name, options[toOptionKey(name)]]));
  const server = options.server ?? process.env.PAWDEX_SERVER;
  return {
    config: parseConfig(flags, process.env),
    server: typeof server === 'string' && server !== '' ? server : null,
    quiet: options.quiet === true,
  };
}

export function makeWholeNumberParser(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) {
      return value;
    }
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Collects the values of an option that may be repeated. */
export function collectValues(value: string, before: string[] = []): string[] {
  return [...before, value];
}

/** The largest image file that a command reads, in bytes: the same limit as the server's. */
export function getMaxFileBytes({ config }: CommonOptions): number {
  return config.MAX_UPLOAD_MB * 1024 ** 2;
}
