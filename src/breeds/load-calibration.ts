/** Reads a calibration from the file it was shipped in. */
import { readFile } from 'node:fs/promises';
import { PawdexError } from '../errors.js';
import { type Calibration, parseCalibration } from './calibration.js';

/**
 * @param file path of a calibration.json
 * @returns null when there is no such file
 * @throws PawdexError calibration_invalid
 */
export async function loadCalibration(file: string): Promise<Calibration | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return null;
    }
    throw new PawdexError('calibration_invalid', { detail: `Cannot read ${file}.`, cause: error });
  }
  try {
    return parseCalibration(JSON.parse(text));
  } catch (error) {
    if (error instanceof PawdexError) {
      throw error;
    }
    throw new PawdexError('calibration_invalid', { detail: `${file} is not valid JSON.`, cause: error });
  }
}
