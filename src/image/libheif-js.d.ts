/** The part of libheif-js that pawdex uses; the package has no types for this entry. */
declare module 'libheif-js/wasm-bundle.js' {
  export interface LibHeif {
    ready: Promise<unknown>;
    HeifDecoder: new () => { decode(bytes: Uint8Array): HeifImage[] };
  }

  interface HeifImage {
    is_primary(): boolean;
    get_width(): number;
    get_height(): number;
    display(into: Pixels, done: (pixels: Pixels | null) => void): void;
    free(): void;
  }

  /** Red, green, blue, alpha. */
  export interface Pixels {
    data: Uint8ClampedArray;
    width: number;
    height: number;
  }

  const library: LibHeif;
  export default library;
}
