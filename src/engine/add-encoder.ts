/** Adds an image encoder to a data directory: creates its model card and tests it. */
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { checkEncoder } from '../encoder/check-encoder.js';
import { type EncoderHints, inspectEncoder } from '../encoder/inspect-encoder.js';
import { checkCard, computeFingerprint, type LoadedCard, type ModelCard } from '../encoder/model-card.js';
import { PawdexError } from '../errors.js';
import { PRIVATE_FOLDER } from '../files/private-files.js';
import { TEMPORARY_SUFFIX } from '../files/replace-file.js';
import { computeSha256 } from '../files/sha256.js';
import { PLAIN_NAME } from '../store/records.js';
import { CARD_FILE, ENCODERS_FOLDER, listAddedEncoders } from './encoders.js';

const MODEL_FILE = 'encoder.onnx';
/** Settings of the breed vote, until a collection is calibrated. */
const VOTE = { k: 20, temperature: 0.05 };

/** Name and licence of an added encoder, and flags for what the file does not say. */
export interface EncoderDescription extends EncoderHints {
  /** Name of its folder and model. Default: the name of the file. */
  name?: string | undefined;
  description?: string | undefined;
  licence?: string | undefined;
}

interface NewEncoder extends LoadedCard {
  cardPath: string;
  /** Assumptions that were made, as sentences. */
  notes: string[];
}

/**
 * Creates a card for an ONNX file, embeds test images, and copies both files to the data directory.
 *
 * @throws PawdexError encoder_unsuitable, model_invalid, file_unreadable; usage for a name that is taken
 */
export async function addEncoder(
  dataDir: string,
  file: string,
  options: EncoderDescription,
): Promise<NewEncoder> {
  const { card, notes } = await createCard(file, options);
  const fingerprint = computeFingerprint(card);
  await requireNewName(dataDir, card.name, fingerprint);
  const folder = path.join(dataDir, ENCODERS_FOLDER, card.name);
  await install(file, { card, modelPath: path.join(folder, MODEL_FILE), fingerprint });
  return {
    card,
    fingerprint,
    notes,
    modelPath: path.join(folder, MODEL_FILE),
    cardPath: path.join(folder, CARD_FILE),
  };
}

/** Creates the card. */
async function createCard(
  file: string,
  options: EncoderDescription,
): Promise<{ card: ModelCard; notes: string[] }> {
  const bytes = await readFile(file).catch((cause) => {
    throw new PawdexError('file_unreadable', { detail: `Cannot read ${file}.`, cause });
  });
  const name = options.name ?? path.basename(file, path.extname(file)).replaceAll(/[^A-Za-z0-9_-]+/g, '-');
  if (!PLAIN_NAME.test(name)) {
    throw new PawdexError('usage', {
      detail: `The name of an encoder has 1 to 64 letters, digits, - or _, unlike "${name}".`,
      hint: 'Choose a name with --name.',
    });
  }
  const { input, output, notes } = await inspectEncoder(file, options);
  const card = {
    formatVersion: 1,
    name,
    description: options.description ?? `Added from ${path.basename(file)}.`,
    file: MODEL_FILE,
    sha256: computeSha256(bytes),
    input,
    output,
    metric: 'cosine',
    licence: options.licence ?? 'unknown',
    vote: VOTE,
    training: {},
    quality: {},
  };
  return { card: checkCard(card, 'The new card'), notes };
}

/** Copies the model to a temporary folder, tests the copy, and puts it in place with its card. */
async function install(file: string, { card, modelPath, fingerprint }: LoadedCard): Promise<void> {
  const folder = path.dirname(modelPath);
  const aside = folder + TEMPORARY_SUFFIX;
  const copy = path.join(aside, MODEL_FILE);
  try {
    await rm(aside, { recursive: true, force: true });
    await mkdir(aside, { recursive: true, mode: PRIVATE_FOLDER });
    await copyFile(file, copy);
    // Test the copy, because that is what will be used: weights in another file are not copied.
    await checkEncoder({ card, modelPath: copy, fingerprint }).catch((error) => {
      throw explainExternalWeights(error, file);
    });
    await writeFile(path.join(aside, CARD_FILE), `${JSON.stringify(card, null, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(aside, folder);
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}

function explainExternalWeights(error: unknown, file: string): unknown {
  if (!/external data/i.test((error as Error).message)) {
    return error;
  }
  return new PawdexError('encoder_unsuitable', {
    detail: `${file} has its weights in another file (external data).`,
    hint: `Save it as one file: python -c "import onnx; onnx.save(onnx.load('${path.basename(file)}'), 'one-file.onnx')"`,
    cause: error,
  });
}

/** Collections may need the existing encoder of this name. */
async function requireNewName(dataDir: string, name: string, fingerprint: string): Promise<void> {
  const taken = (await listAddedEncoders(dataDir)).find(({ folder }) => folder === name);
  if (taken !== undefined && taken.fingerprint !== fingerprint) {
    throw new PawdexError('usage', {
      detail: `There is already another encoder named ${name}.`,
      hint: 'Choose another name with --name.',
    });
  }
}
