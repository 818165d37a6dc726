#!/usr/bin/env node
/** The command line: wires the commands, and turns what they throw into a message and an exit code. */
import { Command, CommanderError } from 'commander';
import { asPawdexError } from '../errors.js';
import { calibrateCommand } from './calibrate.js';
import { checkLabelsCommand } from './check-labels.js';
import { withCommonOptions } from './command.js';
import { doctorCommand } from './doctor.js';
import { embedCommand } from './embed.js';
import { evalCommand } from './eval.js';
import { EXIT, EXIT_HELP, exitCodeOf } from './exit.js';
import { identifyCommand } from './identify.js';
import { indexCommand } from './index.js';
import { describeError, note, OutputError, surviveClosedPipes } from './output.js';
import { quantiseCommand } from './quantise.js';
import { serveCommand } from './serve.js';
import { trainCommand } from './train.js';
import { VERSION } from './version.js';
import { viewsCommand } from './views.js';

function program(): Command {
  const main = new Command('pawdex')
    .description('Image similarity search for cat and dog photos: similar photos and the breed.')
    .version(VERSION)
    .showHelpAfterError('(--help shows how)')
    .addHelpText('after', EXIT_HELP);
  const commands = [
    serveCommand(),
    indexCommand(),
    identifyCommand(),
    embedCommand(),
    evalCommand(),
    calibrateCommand(),
    checkLabelsCommand(),
    viewsCommand(),
    quantiseCommand(),
    trainCommand(),
    doctorCommand(),
  ];
  for (const made of commands) main.addCommand(withCommonOptions(made).copyInheritedSettings(main));
  for (const made of [main, ...main.commands]) made.exitOverride();
  return main;
}

async function run(): Promise<number> {
  try {
    await program().parseAsync();
    // A command that is done but not wholly successful has said so by itself.
    return Number(process.exitCode ?? EXIT.ok);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (error instanceof OutputError) {
      if (error.readerGone) return EXIT.ok;
      note(`error: ${error.message}`);
      return EXIT.unavailable;
    }
    const coded = asPawdexError(error);
    note(describeError(coded, process.argv.includes('--verbose') || process.argv.includes('-v')));
    return exitCodeOf(coded);
  }
}

surviveClosedPipes();
process.exitCode = await run();
