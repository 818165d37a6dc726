/** Adapts a recipe to another backbone. */
import path from 'node:path';
import { PawdexError } from '../../errors.js';
import { readBackbone, SMALL_NETWORK } from '../network/backbone.js';
import { requireImageInput } from '../network/network.js';

/** Default side of the small network's input, in pixels. */
const SMALL_SIZE = 64;
/** Mean and standard deviation of ImageNet's pixels, 0..255, with which most networks were trained. */
const IMAGENET = { mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375] };

/**
 * Creates the backbone section of a recipe for another file, whose input size is read from it. For the recipe's own
 * file, the section stays as it is.
 *
 * @param file ONNX file
 * @param known the recipe's own section, whose other settings are kept; null if there is none
 * @returns the section, and whether the scaling of pixels is assumed
 * @throws PawdexError file_unreadable, model_invalid; config_invalid when the input size is unknown
 */
export async function adaptBackbone(
  file: string,
  known: Record<string, unknown> | null,
): Promise<{ settings: Record<string, unknown>; assumed: boolean }> {
  const absolute = file === SMALL_NETWORK ? file : path.resolve(file);
  if (known?.file === absolute && 'size' in known && 'pixels' in known) {
    return { settings: known, assumed: false };
  }
  const { shape } = requireImageInput(
    await readBackbone(absolute, { size: SMALL_SIZE, padding: 'stored', seed: 0 }),
  );
  const size = typeof shape[2] === 'number' ? shape[2] : known?.size;
  if (size === undefined) {
    throw new PawdexError('config_invalid', {
      detail: `${file} does not say what image size it takes.`,
      hint: 'Set backbone.size in a recipe.',
    });
  }
  const assumed = known?.pixels === undefined;
  // The padding of one network says nothing about another.
  const { padding: _other, ...kept } = known ?? {};
  return { settings: { ...kept, file: absolute, size, pixels: known?.pixels ?? IMAGENET }, assumed };
}
