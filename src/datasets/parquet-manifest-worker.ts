/** The thread that reads Parquet manifests. Decoding a damaged or hostile file may never end, or exhaust the memory. */
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { PawdexError } from '../errors.js';
import { serveCalls } from '../threads/rpc.js';
import {
  createManifestError,
  MAX_COLUMNS,
  type ManifestTable,
  RowCollector,
  toValues,
} from './manifest-rows.js';

const calls = {
  /** See `readManifestTable`. */
  async read(bytes: Uint8Array, maxRows: number): Promise<ManifestTable> {
    const collected = new RowCollector(maxRows);
    try {
      const file = bytes.buffer as ArrayBuffer;
      const { num_rows, row_groups } = parquetMetadata(file);
      const columns = row_groups.flatMap((group) => group.columns);
      const values = columns.reduce((sum, { meta_data }) => sum + Number(meta_data?.num_values ?? 0), 0);
      // Checked first, because it is decoded in one go, and a few kilobytes may contain millions of equal values.
      collected.checkCount(Math.max(Number(num_rows), Math.ceil(values / MAX_COLUMNS)));
      const objects = await parquetReadObjects({ file, compressors });
      for (const [i, row] of objects.entries()) {
        collected.add(i + 1, toValues(Object.entries(row)));
      }
      return { columns: Object.keys(objects[0] ?? {}), rows: collected.rows, format: 'as Parquet' };
    } catch (cause) {
      if (cause instanceof PawdexError) {
        throw cause;
      }
      const detail = `it is not a readable Parquet file: ${(cause as Error).message}.`;
      throw createManifestError(detail, cause);
    }
  },
};

export type ParquetManifestCalls = typeof calls;

serveCalls(calls);
