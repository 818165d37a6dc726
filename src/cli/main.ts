#!/usr/bin/env node
/** The entry point of the command line: finds the command, runs it, and turns errors into messages and exit codes. */
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings';
import { VERSION } from '../config.js';
import { asPawdexError, ERRORS } from '../errors.js';
import { loadFailureError } from '../native-modules.js';
import { addCommonOptions, helpFormat } from './create-command.js';
import { EXIT, EXIT_HELP, getExitCode } from './exit-codes.js';
import { escapeControls, formatError, OutputError, printMessage, surviveClosedPipes } from './print.js';

/** Only the given command's module is loaded, since loading all takes 0.2 s. */
const COMMANDS: Readonly<Record<string, () => Promise<CommandUnknownOpts>>> = {
  serve: () => import('./serve-command.js').then((loaded) => loaded.command),
  index: () => import('./index-command.js').then((loaded) => loaded.command),
  identify: () => import('./identify-command.js').then((loaded) => loaded.command),
  embed: () => import('./embed-command.js').then((loaded) => loaded.command),
  eval: () => import('./eval-command.js').then((loaded) => loaded.command),
  calibrate: () => import('./calibrate-command.js').then((loaded) => loaded.command),
  'check-labels': () => import('./check-labels-command.js').then((loaded) => loaded.command),
  'clean-labels': () => import('./clean-labels-command.js').then((loaded) => loaded.command),
  collections: () => import('./collections-command.js').then((loaded) => loaded.command),
  items: () => import('./items-command.js').then((loaded) => loaded.command),
  'attach-thumbnails': () => import('./attach-thumbnails-command.js').then((loaded) => loaded.command),
  labels: () => import('./labels-command.js').then((loaded) => loaded.command),
  jobs: () => import('./jobs-command.js').then((loaded) => loaded.command),
  reembed: () => import('./reembed-command.js').then((loaded) => loaded.command),
  encoder: () => import('./encoder-command.js').then((loaded) => loaded.command),
  export: () => import('./transfer-commands.js').then((loaded) => loaded.exportCommand),
  import: () => import('./transfer-commands.js').then((loaded) => loaded.importCommand),
  snapshot: () => import('./snapshot-commands.js').then((loaded) => loaded.snapshot),
  restore: () => import('./snapshot-commands.js').then((loaded) => loaded.restore),
  verify: () => import('./snapshot-commands.js').then((loaded) => loaded.verify),
  compact: () => import('./snapshot-commands.js').then((loaded) => loaded.compact),
  views: () => import('./views-command.js').then((loaded) => loaded.command),
  quantise: () => import('./quantise-command.js').then((loaded) => loaded.command),
  train: () => import('./train-command.js').then((loaded) => loaded.command),
  doctor: () => import('./doctor-command.js').then((loaded) => loaded.command),
};

const args = process.argv.slice(2);
const firstWord = args.find((argument) => !argument.startsWith('-')) ?? '';
/** The name of the given command, or null if there is none. */
const commandName = Object.hasOwn(COMMANDS, firstWord) ? firstWord : null;
const helpHint = `See \`pawdex ${commandName === null ? '' : `${commandName} `}--help\`.`;

/** Loads the given command, or all of them if there is none, as for `--help`. */
function loadCommands(): Promise<CommandUnknownOpts[]> {
  if (args[0] === '--version' || args[0] === '-V') {
    return Promise.resolve([]);
  }
  const loaders = commandName === null ? Object.values(COMMANDS) : [COMMANDS[commandName]!];
  return Promise.all(loaders.map((load) => load()));
}

async function createProgram(): Promise<CommandUnknownOpts> {
  const main = new Command('pawdex')
    .description('Find similar photos of cats and dogs, and identify the breed.')
    .version(VERSION)
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp(helpFormat)
    .addHelpText('after', EXIT_HELP)
    .exitOverride()
    // Messages about arguments quote them, and shells expand file names into arguments.
    .configureOutput({
      writeErr: (text) => process.stderr.write(text.split('\n').map(escapeControls).join('\n')),
    });
  for (const command of await loadCommands()) {
    main.addCommand(addCommonOptions(command.copyInheritedSettings(main)));
  }
  return main;
}

/** Rewrites what errors of requests say about endpoints: their hints, and fields such as `path.id`. */
function toCommandLineTerms(line: string): string {
  return line
    .replace(ERRORS.usage.hint, helpHint)
    .replace(ERRORS.invalid_request.hint, helpHint)
    .replace(/^error: (path|query|body)\./, 'error: ');
}

async function run(): Promise<number> {
  try {
    await (await createProgram()).parseAsync();
    // A command that succeeded only in part has set the exit code itself.
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) {
        return EXIT.ok;
      }
      // Without arguments, the help itself was shown.
      if (error.code !== 'commander.help') {
        printMessage(`  ${helpHint}`);
      }
      return EXIT.usage;
    }
    if (error instanceof OutputError) {
      if (error.readerGone) {
        return EXIT.ok;
      }
      printMessage(`error: ${error.message}`);
      return EXIT.unavailable;
    }
    const coded = loadFailureError(error) ?? asPawdexError(error);
    const lines = formatError(coded, args.includes('--verbose') || args.includes('-v'));
    printMessage(lines.map(toCommandLineTerms));
    return getExitCode(coded);
  }
}

surviveClosedPipes();
process.exitCode = await run();
