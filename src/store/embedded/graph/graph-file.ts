/**
 * Saves graphs next to the database. A saved graph is only a cache, and is used only if every check passes. The graph
 * file is complete on disk before the header that names it is renamed into place, so a crash leaves the old pair or
 * the new one. hnswlib ignores write errors, keeps no checksum, and reads vectors of any length as if they had the
 * expected length, so its files are hashed and inspected here.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { PRIVATE_FILE, PRIVATE_FOLDER } from '../../../files/private-files.js';
import { replaceFile, syncFile } from '../../../files/replace-file.js';
import { computeSha256 } from '../../../files/sha256.js';
import { GRAPH_SETTINGS, Graph, type GraphLibrary } from './graph.js';
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

/** Bytes before the nodes in a graph file. */
const HEADER_BYTES = 96;

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
export class GraphFile {
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
    const problem = findMismatch(header, dimension);
    if (problem !== null) {
      return problem;
    }
    try {
      const file = path.join(this.#directory, path.basename(header.file));
      const digest = await computeDigest(file);
      if (digest.bytes !== header.bytes) {
        return `its file has ${digest.bytes} bytes instead of ${header.bytes}`;
      }
      if (digest.sha256 !== header.sha256) {
        return "its file's checksum is wrong";
      }
      const contents = await inspectFile(file);
      if (contents.dimension !== dimension || contents.M !== header.M || contents.nodes !== header.nodes) {
        return `its file holds ${contents.nodes} nodes of ${contents.dimension} dimensions with M ${contents.M}`;
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

  /** Removes files of this collection that its current graph does not use. */
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

/** Returns a clause that says why a graph cannot be used, or null. */
function findMismatch(header: Header, dimension: number): string | null {
  const { format, M, efConstruction } = header;
  if (format !== FORMAT) {
    return `it has format ${format} instead of ${FORMAT}`;
  }
  if (header.dimension !== dimension) {
    return `it was built with dimension ${header.dimension} instead of ${dimension}`;
  }
  const isUsed = GRAPH_SETTINGS.some(
    (settings) => settings.M === M && settings.efConstruction === efConstruction,
  );
  return isUsed
    ? null
    : `it was built with M ${M} and efConstruction ${efConstruction}, which this version does not use`;
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
    const group = members.get(node);
    if (group === undefined) {
      members.set(node, [pairs[i + 1]! + base]);
    } else {
      group.push(pairs[i + 1]! + base);
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

/** Computes the sha256 and length of a file, in chunks so that the thread stays available. */
async function computeDigest(file: string): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  const stream = createReadStream(file);
  await pipeline(stream, hash);
  return { sha256: hash.digest('hex'), bytes: stream.bytesRead };
}

/**
 * Reads the header of a graph file and checks that the file is complete. The header holds the size of the nodes; the
 * upper layers follow, each preceded by its length.
 *
 * @throws when the file was cut short, e.g. because the disk is full
 */
async function inspectFile(file: string): Promise<{ nodes: number; dimension: number; M: number }> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const header = Buffer.alloc(HEADER_BYTES);
    await handle.read(header, 0, HEADER_BYTES, 0);
    const field = (at: number) => Number(header.readBigUInt64LE(at));
    const [nodes, nodeBytes, labelAt, vectorAt, M] = [field(16), field(24), field(32), field(40), field(72)];
    const layersAt = HEADER_BYTES + nodes * nodeBytes;
    const layers = Buffer.alloc(Math.max(0, size - layersAt));
    await handle.read(layers, 0, layers.length, layersAt);
    let at = 0;
    for (let i = 0; i < nodes && at + 4 <= layers.length; i++) {
      at += 4 + layers.readUInt32LE(at);
    }
    if (nodes === 0 || layersAt + at !== size) {
      throw new Error(`it has ${size} bytes instead of at least ${layersAt + Math.max(at, 4 * nodes)}`);
    }
    return { nodes, dimension: (labelAt - vectorAt) / 4, M };
  } finally {
    await handle.close();
  }
}
