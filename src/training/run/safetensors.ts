/** Reads and writes tensors in the safetensors format (https://github.com/huggingface/safetensors), float32 only. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { PawdexError } from '../../errors.js';
import { replaceFile } from '../../files/replace-file.js';
import { countElements, type Tensor } from '../../onnx/tensor.js';

const tensorSchema = z.object({
  dtype: z.literal('F32'),
  shape: z.array(z.int().min(0)),
  data_offsets: z.tuple([z.int().min(0), z.int().min(0)]),
});
type TensorHeader = z.infer<typeof tensorSchema>;

const headerSchema = z
  .object({ __metadata__: z.record(z.string(), z.string()).optional() })
  .catchall(tensorSchema);

export interface TensorFile {
  tensors: Record<string, Tensor>;
  metadata: Record<string, string>;
}

/**
 * Writes a file. At any moment, either the old or the new file is there, complete.
 *
 * @throws the file system's error; the old file stays
 */
export async function writeTensors(file: string, { tensors, metadata }: TensorFile): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: 'F32', shape, data_offsets: [at, at + data.byteLength] };
    parts.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    at += data.byteLength;
  }
  // Padded with spaces, so that the numbers start at a multiple of 8.
  const json = Buffer.from(JSON.stringify(header));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  await replaceFile(file, [length, padded, ...parts]);
}

/**
 * Reads a file of {@link writeTensors}.
 *
 * @throws PawdexError file_unreadable when there is none, model_invalid when it is damaged
 */
export async function readTensors(file: string): Promise<TensorFile> {
  const bytes = await readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new PawdexError('file_unreadable', { detail: `Cannot read ${file}: ${cause.code}.`, cause });
  });
  try {
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    const { __metadata__: metadata = {}, ...entries } = headerSchema.parse(
      JSON.parse(bytes.subarray(8, start).toString('utf8')),
    );
    const headers = Object.entries(entries as Record<string, TensorHeader>);
    const tensors = headers.map(([name, { shape, data_offsets }]): [string, Tensor] => {
      const [from, to] = data_offsets;
      if (to - from !== 4 * countElements(shape) || start + to > bytes.length) {
        throw new Error(`"${name}" is cut short`);
      }
      const copy = Uint8Array.from(bytes.subarray(start + from, start + to));
      return [name, { dtype: 'float32', shape, data: new Float32Array(copy.buffer) }];
    });
    return { tensors: Object.fromEntries(tensors), metadata };
  } catch (cause) {
    throw new PawdexError('model_invalid', {
      detail: `${path.basename(file)} is damaged: ${(cause as Error).message}`,
      hint: 'Start the run again, or restore the file.',
      cause,
    });
  }
}
