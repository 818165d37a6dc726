/**
 * Creates a little-endian TIFF with one strip, for files that image libraries do not write.
 *
 * @param {Readonly<Record<number, number>>} tags values by tag; those of the strip are added
 * @param {Uint8Array} strip
 * @returns {Buffer}
 */
export function createTiff(tags, strip) {
  const entries = Object.entries({ ...tags, 273: 0, 279: tags[279] ?? strip.length });
  const header = Buffer.alloc(8 + 2 + 12 * entries.length + 4);
  header.write('II*\0', 'latin1');
  header.writeUInt32LE(8, 4);
  header.writeUInt16LE(entries.length, 8);
  entries.forEach(([tag, value], i) => {
    header.writeUInt16LE(Number(tag), 10 + 12 * i);
    header.writeUInt16LE(4, 12 + 12 * i);
    header.writeUInt32LE(1, 14 + 12 * i);
    header.writeUInt32LE(tag === '273' ? header.length : value, 18 + 12 * i);
  });
  return Buffer.concat([header, strip]);
}

/** The tags of an uncompressed greyscale picture. */
export const plainTags = (width, height) => ({
  256: width,
  257: height,
  258: 8,
  259: 1,
  262: 1,
  277: 1,
  278: height,
});
