/** JSON files with a checksum in the last line, so that flipped bits are detected. */
import { crc32 } from 'node:zlib';

const SEALED = /^(?<json>.*)\n(?<checksum>[0-9a-f]{8})\n$/s;

const computeChecksum = (json: string) => crc32(json).toString(16).padStart(8, '0');

/** Adds the checksum to JSON text. */
export function addChecksum(json: string): string {
  return `${json}\n${computeChecksum(json)}\n`;
}

/**
 * Verifies and removes the checksum. Files of earlier versions have none and are returned unchanged.
 *
 * @throws Error if the checksum is wrong
 */
export function verifyChecksum(text: string): string {
  const { json, checksum } = SEALED.exec(text)?.groups ?? {};
  if (json === undefined) {
    return text;
  }
  if (checksum !== computeChecksum(json)) {
    throw new Error('the checksum is wrong');
  }
  return json;
}
