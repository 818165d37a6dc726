/**
 * Saves graphs beside the database. A saved graph is only a cache, and is used only if every check passes. The graph
 * file is complete on disk before the header that names it is renamed into place, so a crash leaves the old pair or
 * the new one.
 */
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../../../files/private-files.js';
import { replaceFile, syncFile } from '../../../files/replace-file.js';
import { computeSha256 } from '../../../files/sha256.js';
import { GRAPH_SETTINGS, Graph, type GraphLibrary } from './graph.js';
import { computeDigest, inspectFile } from './graph-file.js';
import type { StagedGraph } from './staged-graph.js';

const headerSchema = z.object({
  format: z.number(),
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
  /** Pairs of a group's node and a member, as uint32 labels in base64. */
  groups: z.string().default(''),
});
type Header = z.infer<typeof headerSchema>;

/** Format 1 had no groups: its graphs may be damaged by crowds of equal vectors. */
const FORMAT = 2;

/** A graph as read from disk, before it is reconciled with the rows. */
export interface SavedGraph {
  graph: Graph;
  lastSeq: number;
  /** Sequence numbers of group members, by the sequence number of their node. */
  members: Map<number, number[]>;
}

/** The saved graph of one collection. */
export class GraphSnapshot {
  readonly #directory: string;
  readonly #collection: string;

  /** @param collection begins the names of its files: letters and digits */
  constructor(directory: string, collection: string) {
    this.#directory = directory;
    this.#collection = collection;
  }

  /**
   * Reads the saved graph.
   *
   * @returns the graph; `null` if there is none; or a clause that says what is wrong with it
   */
  async read(library: GraphLibrary, dimension: number): Promise<SavedGraph | null | string> {
    let text: string;
    try {
      text = await readFile(this.#headerFile, 'utf8');
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') {
        return null;
      }
      return `its header cannot be read (${String(error)})`;
    }
    const header = parseHeader(text);
    if (header === null) {
      return 'its header is damaged';
    }
    const { M, efConstruction } = header;
    if (header.format !== FORMAT) {
      return `it has format ${header.format} instead of ${FORMAT}`;
    }
    if (header.dimension !== dimension) {
      return `it was built with dimension ${header.dimension} instead of ${dimension}`;
    }
    if (!GRAPH_SETTINGS.some((known) => known.M === M && known.efConstruction === efConstruction)) {
      return `it was built with M ${M} and efConstruction ${efConstruction}, which this version does not use`;
    }
    try {
      const file = path.join(this.#directory, path.basename(header.file));
      const found = await computeDigest(file);
      if (found.bytes !== header.bytes) {
        return `its file has ${found.bytes} bytes instead of ${header.bytes}`;
      }
      if (found.sha256 !== header.sha256) {
        return "its file's checksum is wrong";
      }
      const inside = await inspectFile(file);
      if (inside.dimension !== dimension || inside.M !== M || inside.nodes !== header.nodes) {
        return `its file holds ${inside.nodes} nodes of ${inside.dimension} dimensions with M ${inside.M}`;
      }
      const graph = await Graph.read(library, file, header);
      return { graph, lastSeq: header.lastSeq, members: decodeGroups(header) };
    } catch (error) {
      return `its file cannot be read (${error instanceof Error ? error.message : error})`;
    }
  }

  /** Saves a graph in place of the previous one. Throws if writing fails; the previous one stays. */
  async write(staged: StagedGraph, dimension: number): Promise<void> {
    const { graph } = staged;
    await mkdir(this.#directory, { recursive: true, mode: PRIVATE_FOLDER });
    const name = `${this.#collection}-${randomBytes(6).toString('hex')}.hnsw`;
    const file = path.join(this.#directory, name);
    try {
      // Writing freezes the graph. Read what describes it first, before rows are added again.
      const { lastSeq } = staged;
      const groups = encodeGroups(staged);
      await graph.write(`${file}.tmp`);
      await chmod(`${file}.tmp`, PRIVATE_FILE);
      await syncFile(`${file}.tmp`);
      const { nodes } = await inspectFile(`${file}.tmp`);
      const header: Header = {
        format: FORMAT,
        file: name,
        ...(await computeDigest(`${file}.tmp`)),
        metric: 'cosine',
        dimension,
        ...graph.settings,
        nodes,
        base: graph.base,
        lastSeq,
        groups,
      };
      await rename(`${file}.tmp`, file);
      await replaceFile(this.#headerFile, formatHeader(header), { isPrivate: true });
    } finally {
      await this.sweep();
    }
  }

  /** Removes files of this collection that its current snapshot does not use. */
  async sweep(): Promise<void> {
    const header = parseHeader(await readFile(this.#headerFile, 'utf8').catch(() => ''));
    const keep = new Set([path.basename(this.#headerFile), header?.file]);
    for (const name of await readdir(this.#directory).catch(() => [] as string[])) {
      if (/^(\w+)[-.]/.exec(name)?.[1] === this.#collection && !keep.has(name)) {
        await rm(path.join(this.#directory, name), { force: true });
      }
    }
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

function encodeGroups({ graph, groups }: StagedGraph): string {
  const pairs = [...groups.pairs()].flatMap(([node, member]) => [node - graph.base, member - graph.base]);
  return Buffer.from(Uint32Array.from(pairs).buffer).toString('base64');
}

function decodeGroups({ base, groups }: Header): Map<number, number[]> {
  const bytes = Uint8Array.from(Buffer.from(groups, 'base64'));
  const pairs = new Uint32Array(bytes.buffer, 0, Math.floor(bytes.length / 8) * 2);
  const members = new Map<number, number[]>();
  for (let i = 0; i < pairs.length; i += 2) {
    const node = pairs[i]! + base;
    const known = members.get(node);
    if (known === undefined) {
      members.set(node, [pairs[i + 1]! + base]);
    } else {
      known.push(pairs[i + 1]! + base);
    }
  }
  return members;
}

/** Writes a line of JSON below its checksum, so that flipped digits are detected. */
function formatHeader(header: Header): string {
  const json = JSON.stringify(header);
  return `${computeSha256(json)}\n${json}\n`;
}

function parseHeader(text: string): Header | null {
  const [checksum, json = ''] = text.split('\n');
  if (checksum !== computeSha256(json)) {
    return null;
  }
  const parsed = headerSchema.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : null;
}
