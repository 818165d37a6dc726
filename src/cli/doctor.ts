/** `pawdex doctor`: looks at everything a start depends on and says what is wrong and what to do. */
import type { Command } from 'commander';
import { command, commonOptions } from './command.js';
import type { Check } from './doctor/check.js';
import { checkData } from './doctor/data.js';
import { checkDisk, checkNativeModules, checkNode, checkPort } from './doctor/machine.js';
import { checkModel } from './doctor/model.js';
import { EXIT } from './exit.js';
import { printLine } from './output.js';

const MARKS = { ok: 'ok  ', warning: 'warn', failed: 'FAIL' };

/** The command, not yet wired. */
export function doctorCommand(): Command {
  return command(
    'doctor',
    'check what a start depends on: modules, model, gallery, data directory',
    'doctor --json',
  )
    .option('--json', 'print one JSON object')
    .action(run);
}

async function run(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  const { config } = commonOptions(flags);
  const checks: Check[] = [
    checkNode(),
    ...checkNativeModules(),
    ...(await checkModel(config)),
    ...(await checkData(config)),
    await checkDisk(config),
    await checkPort(config),
  ];
  const sound = checks.every(({ status }) => status !== 'failed');
  if (flags.json) await printLine(JSON.stringify({ ok: sound, checks }));
  else for (const check of checks) await printLine(describe(check));
  if (!sound) process.exitCode = EXIT.someFailed;
}

function describe({ name, status, detail, hint }: Check): string[] {
  const line = `${MARKS[status]}  ${name}: ${detail}`;
  return hint === undefined ? [line] : [line, `      ${hint}`];
}
