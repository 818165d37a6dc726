/** What all commands share: the settings as flags, `--quiet` and `--verbose`, and how they are read. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { type Config, PACKAGE_ROOT, parseConfig, settings } from '../config.js';
import { VIEWS, type Views } from '../image/views.js';
import { EXIT_HELP } from './exit.js';

/** What is read from the flags every command has. */
export interface CommonOptions {
  config: Config;
  /** Base URL of a running server to work through, or null for this process (or the server of the data directory). */
  server: string | null;
  quiet: boolean;
}

/** DATA_DIR -> data-dir, the flag; dataDir, what commander calls its value. */
const flagOf = (name: string) => name.toLowerCase().replaceAll('_', '-');
const keyOf = (name: string) => flagOf(name).replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

const shown = (value: unknown) =>
  Array.isArray(value) && value.length === 0 ? 'none' : String(value).replace(PACKAGE_ROOT, '');

/** Settings that `--help` of other commands leaves out. */
const SERVER_ONLY = new Set<keyof Config>([
  'PORT',
  'HOST',
  'API_KEYS',
  'API_KEYS_FILE',
  'ALLOW_UNAUTHENTICATED',
  'ALLOWED_HOSTS',
  'ALLOWED_ORIGINS',
  'LOG_LEVEL',
  'MAX_BATCH_FILES',
  'MAX_CONNECTIONS',
  'SHUTDOWN_SECONDS',
  'TRUST_PROXY',
]);

/**
 * A command with the common flags.
 *
 * @param name as typed
 * @param description one sentence
 * @param example one typical line, without `pawdex`
 */
export function command(name: string, description: string, example: string): Command {
  const made = new Command(name).description(description).showHelpAfterError('(--help shows how)');
  made.addHelpText('after', `\nExample:\n  pawdex ${example}\n${EXIT_HELP}`);
  return made;
}

/** Adds the flags every command has; called last, so that `--help` lists a command's own flags first. */
export function withCommonOptions(made: Command): Command {
  made
    .addOption(new Option('-q, --quiet', 'print results and errors only').helpGroup('Common options:'))
    .addOption(new Option('-v, --verbose', 'print the stack of an error').helpGroup('Common options:'));
  // A command's own flag of the same name wins: eval's --gallery is a set of photos.
  const own = new Set(made.options.map(({ long }) => long));
  for (const { name, description, default: fallback } of settings()) {
    if (own.has(`--${flagOf(name)}`)) continue;
    const value = typeof fallback === 'boolean' ? '[true|false]' : '<value>';
    const text = `${description} (PAWDEX_${name}; default ${shown(fallback)})`;
    const option = new Option(`--${flagOf(name)} ${value}`, text).helpGroup('Settings:');
    // Read from the environment by every command, but of use to the server alone.
    if (SERVER_ONLY.has(name) && made.name() !== 'serve') option.hideHelp();
    made.addOption(option);
  }
  return made;
}

/** Adds `--server`, for commands that can work through a running server. */
export function withServerOption(made: Command): Command {
  return made.addOption(
    new Option(
      '--server <url>',
      'work through this running server (PAWDEX_SERVER; its API key: PAWDEX_API_KEY)',
    ).helpGroup('Common options:'),
  );
}

/**
 * Reads the common flags and the environment.
 *
 * @param options what commander parsed
 * @throws PawdexError config_invalid
 */
export function commonOptions(options: Record<string, unknown>): CommonOptions {
  const flags = Object.fromEntries(settings().map(({ name }) => [name, options[keyOf(name)]]));
  const server = options.server ?? process.env.PAWDEX_SERVER;
  return {
    config: parseConfig(flags, process.env),
    server: typeof server === 'string' && server !== '' ? server : null,
    quiet: options.quiet === true,
  };
}

/** Parses a flag's whole number within bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** `--views`; its value is one of VIEWS. */
export function viewsOption(description: string): Option {
  return new Option('--views <which>', description).choices(VIEWS).default('1' satisfies Views);
}

/** Largest image file a command reads: what a server would take, so that both ways behave alike. */
export function maxFileBytes({ config }: CommonOptions): number {
  return config.MAX_UPLOAD_MB * 1024 ** 2;
}
