/** The file hnswlib writes, checked and hashed: hnswlib itself ignores write errors and keeps no checksum. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

const HEADER_BYTES = 96;
const CHUNK = 1024 * 1024;

/** sha256 and length of a file, read in chunks so that the thread stays available. */
export async function digest(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK);
  let bytes = 0;
  await using(file, 'r', async (handle) => {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, CHUNK, bytes);
      if (bytesRead === 0) return;
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  });
  return { sha256: hash.digest('hex'), bytes };
}

/**
 * Forces a graph file to the disk after checking that it is whole: the header says how long the nodes are,
 * and the upper layers follow, each with its length before it.
 *
 * @throws when the file was cut short, e.g. because the disk is full
 */
export async function sync(file: string): Promise<void> {
  await using(file, 'r+', async (handle) => {
    await handle.sync();
    const { size } = await handle.stat();
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, 0);
    const nodes = Number(header.readBigUInt64LE(16));
    const nodeBytes = Number(header.readBigUInt64LE(24));
    let at = HEADER_BYTES + nodes * nodeBytes;
    const layers = Buffer.alloc(Math.max(0, size - at));
    const start = at;
    await handle.read(layers, 0, layers.length, at);
    for (let i = 0; i < nodes; i++) {
      if (at + 4 > size) break;
      at += 4 + layers.readUInt32LE(at - start);
    }
    if (nodes === 0 || at !== size)
      throw new Error(`the graph file has ${size} bytes instead of at least ${at}`);
  });
}

async function using(
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
