/**
 * Hashes and inspects the files that hnswlib writes. hnswlib itself ignores write errors, keeps no checksum, and reads
 * vectors of any length as if they had the expected length.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

const HEADER_BYTES = 96;
const CHUNK = 1024 * 1024;

/** Computes the sha256 and length of a file, in chunks so that the thread stays available. */
export async function computeDigest(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  let bytes = 0;
  await withFile(file, 'r', async (handle) => {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, bytes);
      if (bytesRead === 0) {
        return;
      }
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  });
  return { sha256: hash.digest('hex'), bytes };
}

/** Flushes a file to the disk. */
export function syncFile(file: string): Promise<void> {
  return withFile(file, 'r+', (handle) => handle.sync());
}

/**
 * Reads the header of a graph file and checks that the file is complete. The header holds the size of the nodes; the
 * upper layers follow, each preceded by its length.
 *
 * @throws when the file was cut short, e.g. because the disk is full
 */
export async function inspectFile(file: string): Promise<{ nodes: number; dimension: number; M: number }> {
  let found = { nodes: 0, dimension: 0, M: 0 };
  await withFile(file, 'r', async (handle) => {
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
    found = { nodes, dimension: (labelAt - vectorAt) / 4, M };
  });
  return found;
}

async function withFile(
  file: string,
  flags: string,
  work: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(file, flags);
  try {
    await work(handle);
  } finally {
    await handle.close();
  }
}
