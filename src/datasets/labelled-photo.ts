/** A photo of a labelled set. */
export interface LabelledPhoto {
  /** Path to open it by. */
  file: string;
  /** Path relative to the set's folder, with `/`, for messages and as source. */
  name: string;
  label: string | null;
  /** The manifest's other columns that are not empty, as text. */
  metadata: Record<string, string>;
}
