/** Opens a session that gives an embedding together with what each cell of the photo adds to it. */
import { readFile } from 'node:fs/promises';
import { asPawdexError, PawdexError } from '../../errors.js';
import { computeSha256 } from '../../files/sha256.js';
import { WHOLE_PHOTO } from '../../image/regions.js';
import { findCellSpacing, type Spacing } from '../../onnx/cell-spacing.js';
import { readModel, writeModel } from '../../onnx/onnx-model.js';
import type { CellEmbedding, CellGrid } from '../encoder.js';
import { createFeed, createSession } from '../encoder-session.js';
import type { LoadedCard } from '../model-card.js';
import { addCells, OUTPUTS } from './add-cells.js';

/** An open session for one photo at a time. */
export interface CellSession {
  /** @param pixels uint8 [size, size, 3] */
  run(pixels: Uint8Array): Promise<CellEmbedding>;
  release(): Promise<void>;
}

/**
 * Opens the model that a card describes again, with the cells as a second output. The file does not change.
 *
 * @throws PawdexError explain_unavailable when the graph has no such cells, or the file has changed
 */
export async function openCellSession(loaded: LoadedCard, threads: number): Promise<CellSession> {
  const { input, output } = loaded.card;
  if (output.pooling !== undefined) {
    throw new PawdexError('explain_unavailable');
  }
  const { session, spacing } = await openWithCells(loaded, threads).catch((error) => {
    const { code, message } = asPawdexError(error);
    // The model itself works. If it cannot be read or extended, it just cannot explain.
    throw code === 'model_invalid'
      ? new PawdexError('explain_unavailable', { detail: message, cause: error })
      : error;
  });
  const outputs = [output.name, OUTPUTS.cells, OUTPUTS.mapShape];
  return {
    async run(pixels) {
      const result = await session.run({ [input.name]: createFeed(input, [pixels]) }, outputs);
      const [embedding, cells] = outputs.map((name) => result[name]!.data) as [Float32Array, Float32Array];
      const [, , rows, columns] = Array.from(result[OUTPUTS.mapShape]!.data as BigInt64Array, Number);
      scaleToUnit(embedding, cells);
      const grid = {
        rows: rows!,
        columns: columns!,
        extent: computeExtent(spacing, rows!, columns!, input.size),
      };
      return { embedding, cells, grid };
    },
    release: () => session.release(),
  };
}

async function openWithCells({ card, modelPath }: LoadedCard, threads: number) {
  const createChangedError = (cause?: unknown) =>
    new PawdexError('explain_unavailable', {
      detail: 'The model file has been replaced or removed since the encoder was opened.',
      hint: 'Restart pawdex with the model that it should use.',
      cause,
    });
  const bytes = await readFile(modelPath).catch((cause) => {
    throw createChangedError(cause);
  });
  if (computeSha256(bytes) !== card.sha256) {
    throw createChangedError();
  }
  const model = readModel(bytes);
  const { model: withOutputs, tail } = addCells(model, card.output.name);
  const session = await createSession(writeModel(withOutputs), threads);
  return { session, spacing: findCellSpacing(model, tail.map, card.input.name) };
}

/**
 * Scales the embedding to length 1 and its cells by the same factor. The rounding error between the embedding and the
 * sum of its cells is divided among them.
 */
function scaleToUnit(embedding: Float32Array, cells: Float32Array): void {
  const { length } = embedding;
  const count = cells.length / length;
  let squares = 0;
  for (const value of embedding) {
    squares += value ** 2;
  }
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < length; i++) {
    let sum = 0;
    for (let at = i; at < cells.length; at += length) {
      sum += cells[at]!;
    }
    const rest = (embedding[i]! - sum) / count;
    for (let at = i; at < cells.length; at += length) {
      cells[at] = (cells[at]! + rest) * scale;
    }
    embedding[i] = embedding[i]! * scale;
  }
}

/**
 * Computes the rectangle that the cells cover. Each cell is as large as the distance to the next, or an equal part if
 * that is unknown.
 */
function computeExtent(
  spacing: [Spacing, Spacing] | null,
  rows: number,
  columns: number,
  size: number,
): CellGrid['extent'] {
  if (spacing === null) {
    return WHOLE_PHOTO;
  }
  const [down, across] = spacing;
  const from = ({ stride, first }: Spacing) => (first + 0.5 - stride / 2) / size;
  return {
    left: from(across),
    top: from(down),
    width: (columns * across.stride) / size,
    height: (rows * down.stride) / size,
  };
}
