/** Answers of the server that differ from the engine's: everything else has the engine's own types. */
import type { EncoderInfo } from '../encoder/encoder.js';
import type { AddResult, Explanation, Timing } from '../engine/engine.js';
import type { Item } from '../store/store.js';

/** What `GET /v1/info` answers. */
export interface ServerInfo {
  version: string;
  model: EncoderInfo;
  /** Bytes, but for `batchFiles`. */
  limits: { fileBytes: number; batchFiles: number; batchBytes: number; jsonBytes: number };
}

/** What a search answers: items with their similarity, nearest first. */
export interface SearchResult {
  neighbours: (Item & { similarity: number; explanation?: Explanation })[];
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** What embedding answers. */
export interface EmbedResult {
  /** [dimension], L2 norm 1 */
  embedding: number[];
  dimension: number;
  model: { name: string; fingerprint: string };
  timing: Timing;
}

/** What adding answers. */
export interface AddAnswer {
  created: number;
  exists: number;
  failed: number;
  results: AddResult[];
}
