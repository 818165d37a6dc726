/**
 * Saved graphs: a cache beside the database that is believed only when everything about it checks out. A graph
 * file is complete on disk before the description that names it is renamed into place, so a crash at any moment
 * leaves the old pair or the new one.
 */
import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../../files/private.js';
import { replaceFile } from '../../files/replace.js';
import { EF_CONSTRUCTION, Graph, type GraphLibrary, M } from './graph.js';
import { digest, inspect, sync } from './graph-file.js';

const headerSchema = z.object({
  format: z.literal(1),
  file: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  metric: z.literal('cosine'),
  dimension: z.number(),
  M: z.number(),
  efConstruction: z.number(),
  nodes: z.number(),
  base: z.number(),
  lastSeq: z.number(),
});
type Header = z.infer<typeof headerSchema>;

/** The saved graph of one collection. */
export class Snapshot {
  readonly #directory: string;
  readonly #collection: number;

  constructor(directory: string, collection: number) {
    this.#directory = directory;
    this.#collection = collection;
  }

  /**
   * Reads the saved graph.
   *
   * @returns the graph; `null` when there is none; or what is wrong with it, in words
   */
  async read(library: GraphLibrary, dimension: number): Promise<Graph | null | string> {
    let text: string;
    try {
      text = await readFile(this.#headerFile, 'utf8');
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return null;
      return `its description cannot be read (${String(error)})`;
    }
    const header = parseHeader(text);
    if (header === null) return 'its description is damaged';
    const expected = { dimension, M, efConstruction: EF_CONSTRUCTION };
    for (const [key, value] of Object.entries(expected))
      if (header[key as keyof Header] !== value)
        return `it was built with ${key} ${header[key as keyof Header]} instead of ${value}`;
    try {
      const file = path.join(this.#directory, path.basename(header.file));
      const found = await digest(file);
      if (found.bytes !== header.bytes) return `its file has ${found.bytes} bytes instead of ${header.bytes}`;
      if (found.sha256 !== header.sha256) return "its file's checksum is wrong";
      const inside = await inspect(file);
      if (inside.dimension !== dimension || inside.M !== M || inside.nodes !== header.nodes)
        return `its file holds ${inside.nodes} nodes of ${inside.dimension} dimensions with M ${inside.M}`;
      return await Graph.read(library, file, header);
    } catch (error) {
      return `its file cannot be read (${error instanceof Error ? error.message : error})`;
    }
  }

  /** Saves a graph in place of the one before. @throws when the disk does not take it; the old one stays */
  async write(graph: Graph, dimension: number): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: PRIVATE_FOLDER });
    const name = `${this.#collection}-${randomBytes(6).toString('hex')}.hnsw`;
    const file = path.join(this.#directory, name);
    try {
      await graph.write(`${file}.tmp`);
      await chmod(`${file}.tmp`, PRIVATE_FILE);
      await sync(`${file}.tmp`);
      const { nodes } = await inspect(`${file}.tmp`);
      const header: Header = {
        format: 1,
        file: name,
        ...(await digest(`${file}.tmp`)),
        metric: 'cosine',
        dimension,
        M,
        efConstruction: EF_CONSTRUCTION,
        nodes,
        base: graph.base,
        lastSeq: graph.lastSeq,
      };
      await rename(`${file}.tmp`, file);
      await replaceFile(this.#headerFile, formatHeader(header), { isPrivate: true });
    } finally {
      await this.sweep();
    }
  }

  /** Removes what belongs to this collection and is not its current snapshot. */
  async sweep(): Promise<void> {
    const header = parseHeader(await readFile(this.#headerFile, 'utf8').catch(() => ''));
    const keep = new Set([path.basename(this.#headerFile), header?.file]);
    for (const name of await readdir(this.#directory).catch(() => [] as string[]))
      if (/^(\d+)[-.]/.exec(name)?.[1] === String(this.#collection) && !keep.has(name))
        await rm(path.join(this.#directory, name), { force: true });
  }

  /** Removes everything saved for this collection. */
  async remove(): Promise<void> {
    await rm(this.#headerFile, { force: true });
    await this.sweep();
  }

  get #headerFile(): string {
    return path.join(this.#directory, `${this.#collection}.json`);
  }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** A line of JSON under its own checksum: a flipped digit must not pass for a description. */
function formatHeader(header: Header): string {
  const json = JSON.stringify(header);
  return `${sha256(json)}\n${json}\n`;
}

function parseHeader(text: string): Header | null {
  const [checksum, json = ''] = text.split('\n');
  if (checksum !== sha256(json)) return null;
  const parsed = headerSchema.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : null;
}
