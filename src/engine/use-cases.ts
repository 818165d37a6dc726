/** The parts that all use cases share, and their binding to the methods of an engine. */
import type { SimilarityStatistics } from '../breeds/similarity-statistics.js';
import type { OpenedEncoder } from '../encoder/open-encoder.js';
import type { Store } from '../store/store.js';
import type { ImageEmbedder } from './image-embedder.js';
import type { KeptMaps } from './kept-maps.js';
import type { Spaces } from './spaces.js';

/** The parts that use cases work with. */
export interface EngineParts {
  store: Store;
  encoder: OpenedEncoder;
  embedder: ImageEmbedder;
  spaces: Spaces;
  maps: KeptMaps;
  /** Statistics of this encoder for collections without a calibration; null if there is no such file. */
  statistics: SimilarityStatistics | null;
}

type UseCase = (parts: EngineParts, ...args: never[]) => unknown;

/** A use case without its first argument. */
type Bound<U> = U extends (parts: EngineParts, ...args: infer A) => infer R ? (...args: A) => R : never;

/** Binds the parts to each use case. */
export function bindUseCases<U extends Record<string, UseCase>>(
  parts: EngineParts,
  useCases: U,
): { [K in keyof U]: Bound<U[K]> } {
  const bound = Object.entries(useCases).map(([name, useCase]) => [name, useCase.bind(null, parts)]);
  return Object.fromEntries(bound);
}
