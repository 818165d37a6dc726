/**
 * Hashes and inspects the files that hnswlib writes. hnswlib itself ignores write errors, keeps no checksum, and reads
 * vectors of any length as if they had the expected length.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

const HEADER_BYTES = 96;

/** Computes the sha256 and length of a file, in chunks so that the thread stays available. */
export async function computeDigest(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  const stream = createReadStream(file);
  await pipeline(stream, hash);
  return { sha256: hash.digest('hex'), bytes: stream.bytesRead };
}

/**
 * Reads the header of a graph file and checks that the file is complete. The header holds the size of the nodes; the
 * upper layers follow, each preceded by its length.
 *
 * @throws when the file was cut short, e.g. because the disk is full
 */
export async function inspectFile(file: string): Promise<{ nodes: number; dimension: number; M: number }> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, 0);
    const field = (at: number) => Number(header.readBigUInt64LE(at));
    const [nodes, nodeBytes, labelAt, vectorAt, M] = [field(16), field(24), field(32), field(40), field(72)];
    const layersAt = HEADER_BYTES + nodes * nodeBytes;
    const layers = Buffer.alloc(Math.max(0, size - layersAt));
    await handle.read(layers, 0, layers.length, layersAt);
    let at = 0;
    for (let i = 0; i < nodes && at + 4 <= layers.length; i++) {
      at += 4 + layers.readUInt32LE(at);
    }
    if (nodes === 0 || layersAt + at !== size) {
      throw new Error(`it has ${size} bytes instead of at least ${layersAt + Math.max(at, 4 * nodes)}`);
    }
    return { nodes, dimension: (labelAt - vectorAt) / 4, M };
  } finally {
    await handle.close();
  }
}
