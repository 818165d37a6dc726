#!/usr/bin/env node
/** The command line: wires the commands, and turns what they throw into a message and an exit code. */
import { Command, CommanderError } from 'commander';
import { asPawdexError } from '../errors.js';
import { loadFailureError } from '../native-modules.js';
import { withCommonOptions } from './command.js';
import { EXIT, EXIT_HELP, exitCodeOf } from './exit.js';
import { describeError, escapeControls, note, OutputError, surviveClosedPipes } from './output.js';
import { VERSION } from './version.js';

/** Each brings its own part of the program, and only that is loaded: loading the others took 0.2 s of every command. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  serve: () => import('./serve.js').then(({ serveCommand }) => serveCommand()),
  index: () => import('./index.js').then(({ indexCommand }) => indexCommand()),
  identify: () => import('./identify.js').then(({ identifyCommand }) => identifyCommand()),
  embed: () => import('./embed.js').then(({ embedCommand }) => embedCommand()),
  eval: () => import('./eval.js').then(({ evalCommand }) => evalCommand()),
  calibrate: () => import('./calibrate.js').then(({ calibrateCommand }) => calibrateCommand()),
  'check-labels': () => import('./check-labels.js').then(({ checkLabelsCommand }) => checkLabelsCommand()),
  views: () => import('./views.js').then(({ viewsCommand }) => viewsCommand()),
  quantise: () => import('./quantise.js').then(({ quantiseCommand }) => quantiseCommand()),
  train: () => import('./train.js').then(({ trainCommand }) => trainCommand()),
  doctor: () => import('./doctor.js').then(({ doctorCommand }) => doctorCommand()),
};

/** Flags that are answered before any command is looked for. */
const VERSION_FLAGS: ReadonlySet<string> = new Set(['--version', '-V']);

/** The command that is asked for; none for the version, and all of them where none of these is, as for help. */
function asked(): Promise<Command[]> {
  const given = process.argv.slice(2);
  if (VERSION_FLAGS.has(given[0] ?? '')) return Promise.resolve([]);
  const name = given.find((argument) => !argument.startsWith('-')) ?? '';
  const makers = Object.hasOwn(COMMANDS, name) ? [COMMANDS[name]!] : Object.values(COMMANDS);
  return Promise.all(makers.map((make) => make()));
}

async function program(): Promise<Command> {
  const main = new Command('pawdex')
    .description('Image similarity search for cat and dog photos: similar photos and the breed.')
    .version(VERSION)
    .showHelpAfterError('(--help shows how)')
    .addHelpText('after', EXIT_HELP)
    // What is wrong with the arguments is said in their own words, and a shell makes them of file names.
    .configureOutput({
      writeErr: (text) => process.stderr.write(text.split('\n').map(escapeControls).join('\n')),
    });
  for (const made of await asked()) main.addCommand(withCommonOptions(made).copyInheritedSettings(main));
  for (const made of [main, ...main.commands]) made.exitOverride();
  return main;
}

async function run(): Promise<number> {
  try {
    await (await program()).parseAsync();
    // A command that is done but not wholly successful has said so by itself.
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof OutputError) {
      if (error.readerGone) return EXIT.ok;
      note(`error: ${error.message}`);
      return EXIT.unavailable;
    }
    const coded = loadFailureError(error) ?? asPawdexError(error);
    note(describeError(coded, process.argv.includes('--verbose') || process.argv.includes('-v')));
    return exitCodeOf(coded);
  }
}

surviveClosedPipes();
process.exitCode = await run();
