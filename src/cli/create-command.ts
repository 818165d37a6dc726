/** Creates commands with the flags that all share (every setting, `--quiet` and `--verbose`) and the form of their help. */
import {
  Command,
  type CommandUnknownOpts,
  Help,
  InvalidArgumentError,
  Option,
} from '@commander-js/extra-typings';
import { type Config, listSettings, PACKAGE_ROOT, parseConfig } from '../config.js';
import { failUsage } from './exit-codes.js';

/** The values of the flags that every command has. */
export interface CommonOptions {
  config: Config;
  /** Base URL of the server given with `--server`, or null: the command then opens the data directory itself. */
  server: string | null;
  quiet: boolean;
  /** See `LocalEngineOptions`. */
  usesGallery?: boolean;
}

/** DATA_DIR -> --data-dir */
const toFlag = (name: string) => `--${name.toLowerCase().replaceAll('_', '-')}`;

function formatDefault(value: unknown): string {
  const isEmpty = value === '' || (Array.isArray(value) && value.length === 0);
  return isEmpty ? 'none' : String(value).replace(PACKAGE_ROOT, '');
}

/** The settings of a command that works with collections. */
export const COLLECTION_SETTINGS = ['DATA_DIR', 'ACCEPT_DAMAGE', 'MODEL', 'GALLERY'] as const;
/** The settings of a command that also embeds photos. */
export const EMBEDDING_SETTINGS = [
  ...COLLECTION_SETTINGS,
  'THREADS',
  'MAX_PIXELS',
  'DECODE_MEMORY_MB',
] as const;

/** The settings that a command uses, which its help shows. */
const usedSettings = new WeakMap<object, ReadonlySet<keyof Config>>();

/** A heading in the help. */
const COMMON_OPTIONS = 'Common options:';

const defaultHelp = new Help();
/** How the help shows commands, by their usage, and flags. */
export const helpFormat: Partial<Help> = {
  subcommandTerm: (command) => `${command.name()} ${command.usage()}`,
  optionDescription: (option) =>
    `${defaultHelp.optionDescription(option)}${option.mandatory ? ' (required)' : ''}`,
};

const END_OF_HELP = '`pawdex --help` lists the exit codes, `pawdex serve --help` all settings.';

/**
 * Creates a command whose help ends with an example.
 *
 * @param description in lower case, without a full stop
 * @param example a typical command line, without `pawdex`
 * @param settings those that the command uses. It accepts all, so that one .env file works for every command
 */
export function createCommand(
  name: string,
  description: string,
  example: string,
  settings: readonly (keyof Config)[],
) {
  const command = new Command(name)
    .description(description)
    .addHelpText('after', `\nExample:\n  pawdex ${example}\n\n${END_OF_HELP}`);
  usedSettings.set(command, new Set(settings));
  return command;
}

/**
 * Creates a command with subcommands. If none is named, it runs the first. Flags may stand before the name of the subcommand, as
 * in `collections --json list`.
 *
 * @throws PawdexError usage, when the command runs, for a word that is not a subcommand
 */
export function createCommandGroup(
  name: string,
  description: string,
  example: string,
  [first, ...others]: readonly [CommandUnknownOpts, ...CommandUnknownOpts[]],
): CommandUnknownOpts {
  const group: CommandUnknownOpts = createCommand(name, description, example, []).usage('[command]');
  group.addCommand(first, { isDefault: true });
  for (const subcommand of others) {
    group.addCommand(subcommand);
  }
  return group.hook('preSubcommand', (_, subcommand) => {
    const [word] = group.args;
    const names = group.commands.map((command) => command.name());
    if (word !== undefined && !word.startsWith('-') && !names.includes(word)) {
      failUsage(`Unknown action ${word}. Use one of ${names.join(', ')}.`);
    }
    // The group has parsed all flags.
    for (const option of subcommand.options) {
      const key = option.attributeName();
      const value = group.getOptionValue(key);
      if (value !== undefined) {
        subcommand.setOptionValueWithSource(key, value, group.getOptionValueSource(key));
      }
    }
  });
}

/**
 * Adds the flags that every command has. A group accepts those of its subcommands, which get its settings. Call it last:
 * `--help` lists a command's own flags first.
 */
export function addCommonOptions(command: CommandUnknownOpts): CommandUnknownOpts {
  if (command.commands.length > 0) {
    for (const subcommand of command.commands) {
      const { options } = addCommonOptions(subcommand.copyInheritedSettings(command));
      const known = new Set(command.options.map(({ long }) => long));
      for (const option of options.filter(({ long }) => !known.has(long))) {
        command.addOption(Object.create(option, { hidden: { value: true } }));
      }
    }
    return command;
  }
  command
    .addHelpOption(new Option('-h, --help', 'show this help').helpGroup(COMMON_OPTIONS))
    .addOption(new Option('-q, --quiet', 'print only results and errors').helpGroup(COMMON_OPTIONS))
    .addOption(new Option('-v, --verbose', 'print stack traces of errors').helpGroup(COMMON_OPTIONS));
  // A command's own flag of the same name wins: `eval --gallery` names a labelled set.
  const own = new Set(command.options.map(({ long }) => long));
  for (const { name, description, default: fallback } of listSettings()) {
    const flag = toFlag(name);
    if (!own.has(flag)) {
      const value = typeof fallback === 'boolean' ? '[true|false]' : '<value>';
      const text = `${description} (PAWDEX_${name}; default ${formatDefault(fallback)})`;
      const isShown = usedSettings.get(command)?.has(name) === true;
      command.addOption(new Option(`${flag} ${value}`, text).helpGroup('Settings:').hideHelp(!isShown));
    }
  }
  return command;
}

/** For commands that can work through a running server. Add it after a command's own flags. */
export const SERVER = new Option(
  '--server <url>',
  'use the collections of this running server (PAWDEX_SERVER; set PAWDEX_API_KEY if it asks for a key)',
).helpGroup(COMMON_OPTIONS);

/**
 * Reads the common flags and the environment.
 *
 * @param options flags as commander parsed them
 * @throws PawdexError config_invalid
 */
export function readCommonOptions(options: Record<string, unknown>): CommonOptions {
  const flags = Object.fromEntries(
    listSettings().map(({ name }) => [name, options[new Option(toFlag(name)).attributeName()]]),
  );
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
