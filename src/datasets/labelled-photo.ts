/** A photo that has no label yet. */
export interface FoundPhoto {
  /** Path to open it by. */
  file: string;
  /** Path relative to the set's folder, with `/`, in Unicode form NFC: for messages and as source. */
  name: string;
}

export interface LabelledPhoto extends FoundPhoto {
  label: string | null;
  /** The manifest's other columns that are not empty, as text. */
  metadata: Record<string, string>;
}
