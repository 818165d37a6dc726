/** `pawdex identify`: breed and neighbours of images. */
import type { Command } from 'commander';
import type { Identification } from '../engine/engine.js';
import { PawdexError } from '../errors.js';
import { command, commonOptions, maxFileBytes, wholeNumber, withServerOption } from './command.js';
import { withEngine } from './connect.js';
import { EXIT } from './exit.js';
import { errorLine, forEachImage } from './images.js';
import { printLine } from './output.js';

interface IdentifyFlags extends Record<string, unknown> {
  collection: string;
  k?: number;
  json?: boolean;
}

/** Neighbours shown to people; `--json` has all of them. */
const SHOWN = 5;

/** The command, not yet wired. */
export function identifyCommand(): Command {
  return withServerOption(
    command('identify', 'name the breed on photos and show the nearest neighbours', 'identify cat.jpg --json')
      .argument('<image...>', 'image files')
      .option('-c, --collection <name>', 'collection that answers', 'breeds')
      .option('-k <n>', 'neighbours to list (default: all that vote)', wholeNumber(1, 1000))
      .option('--json', 'print one JSON line per image'),
  ).action(run);
}

async function run(files: string[], flags: IdentifyFlags): Promise<void> {
  const { collection, k, json } = flags;
  const common = commonOptions(flags);
  const failures = await withEngine(common, async (engine) => {
    // Once, before any photo is read: a misspelt collection is the command's fault, not each photo's.
    await engine.getCollection(collection);
    return forEachImage(
      files,
      maxFileBytes(common),
      (bytes) => engine.identify(bytes, { collection, ...(k === undefined ? {} : { k }) }),
      async (file, outcome) => {
        if (outcome instanceof PawdexError) {
          if (json) await printLine(errorLine(file, outcome));
        } else await printLine(json ? JSON.stringify({ file, ...outcome }) : describe(file, outcome));
      },
    );
  });
  if (failures > 0) process.exitCode = EXIT.someFailed;
}

function describe(
  file: string,
  { decision, breed, candidates, confidence, neighbours }: Identification,
): string {
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  const others = candidates
    .filter(({ label }) => label !== breed)
    .slice(0, 3)
    .map(({ label, confidence: share }) => `${label} ${percent(share)}`);
  const head = breed === null ? decision : `${breed} (${decision}, ${percent(confidence)})`;
  const lines = [`${file}: ${head}${others.length === 0 ? '' : `; then ${others.join(', ')}`}`];
  for (const { label, similarity, source, id } of neighbours.slice(0, SHOWN))
    lines.push(`  ${similarity.toFixed(3)}  ${label ?? '-'}  ${source ?? id}`);
  return lines.join('\n');
}
