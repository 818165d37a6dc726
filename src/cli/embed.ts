/** `pawdex embed`: one JSON line per image. */
import type { Command } from 'commander';
import { PawdexError } from '../errors.js';
import type { Views } from '../image/views.js';
import { command, commonOptions, maxFileBytes, viewsOption, withServerOption } from './command.js';
import { withEngine } from './connect.js';
import { EXIT } from './exit.js';
import { errorLine, forEachImage } from './images.js';
import { printLine } from './output.js';

/** Decimal digits that bring back every float32 exactly. */
const FLOAT32_DIGITS = 9;

/** The command, not yet wired. */
export function embedCommand(): Command {
  return withServerOption(
    command(
      'embed',
      'print one JSON line per image: {"file", "embedding"}, a unit vector',
      'embed cat.jpg dog.jpg > embeddings.jsonl',
    )
      .argument('<image...>', 'image files')
      .addOption(viewsOption('views of each photo whose embeddings are averaged')),
  ).action(run);
}

async function run(files: string[], flags: Record<string, unknown> & { views: Views }): Promise<void> {
  const { views } = flags;
  const common = commonOptions(flags);
  const failures = await withEngine(common, (engine) =>
    forEachImage(
      files,
      maxFileBytes(common),
      async (bytes) => (await engine.embed(bytes, { views })).embedding,
      async (file, outcome) => {
        if (outcome instanceof PawdexError) return printLine(errorLine(file, outcome));
        const embedding = Array.from(outcome, (value) => Number(value.toPrecision(FLOAT32_DIGITS)));
        await printLine(JSON.stringify({ file, embedding }));
      },
    ),
  );
  if (failures > 0) process.exitCode = EXIT.someFailed;
}
