/** JSON files that end with a line with their checksum, so that a flipped bit is not taken for data. */
import { crc32 } from 'node:zlib';

const SEALED = /^(?<json>.*)\n(?<checksum>[0-9a-f]{8})\n$/s;

const computeChecksum = (json: string) => crc32(json).toString(16).padStart(8, '0');

/** Turns JSON into the text of a file. */
export function sealJson(json: string): string {
  return `${json}\n${computeChecksum(json)}\n`;
}

/**
 * Takes the JSON out of the text of a file. A file of an earlier version has no checksum, and is returned as it is.
 *
 * @throws Error if the checksum is wrong
 */
export function unsealJson(text: string): string {
  const { json, checksum } = SEALED.exec(text)?.groups ?? {};
  if (json === undefined) {
    return text;
  }
  if (checksum !== computeChecksum(json)) {
    throw new Error('the checksum is wrong');
  }
  return json;
}
