/** `pawdex doctor`: checks everything that pawdex needs to start, and says what to do about problems. */
import { createCommand, readCommonOptions } from './create-command.js';
import { checkData } from './doctor/check-data.js';
import { checkDisk, checkNativeModules, checkNode, checkPort } from './doctor/check-machine.js';
import { checkModel } from './doctor/check-model.js';
import type { Check } from './doctor/check-result.js';
import { EXIT } from './exit-codes.js';
import { printResult } from './print.js';

const MARKS = { ok: 'ok  ', warning: 'warn', failed: 'FAIL' };

export const command = createCommand(
  'doctor',
  'check what pawdex needs to start: Node.js, native modules, model, gallery, data directory, disk and port',
  'doctor --json',
  ['DATA_DIR', 'MODEL', 'GALLERY', 'THREADS', 'HOST', 'PORT'],
)
  .option('--json', 'print one JSON object')
  .action(async (flags) => {
    const { config } = readCommonOptions(flags);
    const checks: Check[] = [
      checkNode(),
      ...checkNativeModules(),
      ...(await checkModel(config)),
      ...(await checkData(config)),
      await checkDisk(config),
      await checkPort(config),
    ];
    const isSound = checks.every(({ status }) => status !== 'failed');
    await printResult({ ok: isSound, checks }, checks.flatMap(formatCheck), flags.json);
    if (!isSound) {
      process.exitCode = EXIT.someFailed;
    }
  });

function formatCheck({ name, status, detail, hint }: Check): string[] {
  const line = `${MARKS[status]}  ${name}: ${detail}`;
  return hint === undefined ? [line] : [line, `      ${hint}`];
}
