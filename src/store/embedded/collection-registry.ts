/** The collections of an open store, by name and alias. Creates, renames, moves and deletes them. */
import { asPawdexError, PawdexError } from '../../errors.js';
import type { CollectionInfo, CollectionPatch, CollectionSpec, Space } from '../store.js';
import { Collection, checkCollectionName, checkDimension } from './collection.js';
import type { GraphLibrary } from './graph/graph.js';
import { GraphFile } from './graph/graph-file.js';
import type { CollectionRow } from './sqlite/collection-row.js';
import type { CollectionTable } from './sqlite/collection-table.js';
import type { ItemTable } from './sqlite/item-table.js';
import type { ReembeddingTable } from './sqlite/reembedding-table.js';
import { toStorageError } from './sqlite/storage-error.js';

/** Dependencies of a {@link CollectionRegistry}. */
export interface RegistryParts {
  items: ItemTable;
  collections: CollectionTable;
  reembeddings: ReembeddingTable;
  graphs: GraphLibrary | null;
  graphFolder: string;
  /** Called when a collection has background work. */
  wake: () => void;
  /** Called with a sentence about anything that was repaired or could not be checked. */
  onNotice: (sentence: string) => void;
  onDamage: (error: PawdexError) => void;
}

export class CollectionRegistry {
  readonly #parts: RegistryParts;
  readonly #byName = new Map<string, Collection>();

  constructor(parts: RegistryParts) {
    this.#parts = parts;
    try {
      for (const row of parts.collections.list()) {
        this.#open(row);
      }
    } catch (error) {
      this.end(new PawdexError('shutting_down'));
      throw error;
    }
  }

  get all(): Collection[] {
    return [...this.#byName.values()];
  }

  #find(name: string): Collection | undefined {
    return this.#byName.get(name) ?? this.all.find(({ aliases }) => aliases.includes(name));
  }

  /** @throws PawdexError collection_not_found */
  get(name: string): Collection {
    const collection = this.#find(name);
    if (collection === undefined) {
      throw new PawdexError('collection_not_found', { detail: `There is no collection ${name}.` });
    }
    return collection;
  }

  list(): CollectionInfo[] {
    return this.all.map(({ info }) => info).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  create(spec: CollectionSpec): CollectionInfo {
    checkDimension(spec);
    requireFree(spec.name, this.#find(spec.name));
    return this.#open(this.#parts.collections.create(spec)).info;
  }

  update(name: string, patch: CollectionPatch): CollectionInfo {
    const collection = this.get(name);
    const { name: former } = collection.row;
    if (patch.name !== undefined) {
      requireFree(patch.name, this.#find(patch.name), collection);
    }
    for (const alias of patch.aliases ?? []) {
      // An alias of another collection may be taken over, but not its name.
      requireFree(alias, this.#byName.get(alias), collection);
    }
    const names = [patch.name ?? former, ...(patch.aliases ?? collection.aliases)];
    if (new Set(names).size < names.length) {
      throw new PawdexError('collection_exists', {
        detail: 'The name and the aliases must all be different.',
      });
    }
    collection.row = this.#parts.collections.update(collection.row, patch);
    this.#byName.delete(former);
    this.#byName.set(collection.row.name, collection);
    for (const each of patch.aliases === undefined ? [] : this.all) {
      each.aliases = this.#parts.collections.listAliases(each.id);
    }
    return collection.info;
  }

  async drop(name: string): Promise<void> {
    const collection = this.get(name);
    const { name: ownName } = collection.row;
    if (ownName !== name) {
      throw new PawdexError('invalid_request', {
        detail: `${name} is an alias of the collection ${ownName}.`,
        hint: `Delete ${ownName} by its own name, or update its aliases to remove only the alias.`,
      });
    }
    this.#parts.collections.drop(collection.id);
    this.#byName.delete(name);
    collection.end(new PawdexError('collection_not_found', { detail: `Collection ${name} was deleted.` }));
    this.#parts.wake();
    await collection.release();
  }

  /** Starts to load the vectors that will replace a collection's, and to build their graph. */
  openSuccessor(collection: Collection, space: Space): Collection {
    const { row } = collection;
    const successor = this.#read({ ...row, ...space, vector_sign: -row.vector_sign }, true);
    collection.successor = successor;
    successor.loaded.then(this.#parts.wake, () => {});
    return successor;
  }

  /** Replaces a collection by its {@link Collection.successor}, in one step. */
  swap(collection: Collection, successor: Collection): void {
    successor.replace(collection, this.#parts.reembeddings.swap(collection.row, successor.row));
    this.#byName.set(successor.row.name, successor);
    collection.end(new PawdexError('space_changed'));
    void collection.release();
    this.#parts.wake();
  }

  /** Returns the graph file of the vectors that a collection does not currently use. */
  getSuccessorGraphFile({ id, vector_sign }: CollectionRow): GraphFile {
    return this.#getGraphFile({ id, vector_sign: -vector_sign });
  }

  #getGraphFile({ id, vector_sign }: Pick<CollectionRow, 'id' | 'vector_sign'>): GraphFile {
    return new GraphFile(this.#parts.graphFolder, vector_sign === 1 ? `${id}` : `${id}n`);
  }

  #read(row: CollectionRow, isPartial = false): Collection {
    const { items, graphs, onNotice } = this.#parts;
    return new Collection(row, items, graphs, this.#getGraphFile(row), onNotice, isPartial);
  }

  #open(row: CollectionRow): Collection {
    const { wake, onDamage, onNotice } = this.#parts;
    const collection = this.#read(row);
    this.#byName.set(row.name, collection);
    collection.reembedding = this.#parts.reembeddings.find(row.id, () =>
      onNotice(
        `Collection ${row.name}: the record of its move to another encoder was damaged; start it again.`,
      ),
    );
    collection.aliases = this.#parts.collections.listAliases(row.id);
    collection.loaded.then(wake, (error) => {
      const coded = asPawdexError(toStorageError(error));
      if (coded.code === 'data_damaged') {
        onDamage(coded);
      }
    });
    return collection;
  }

  /** Makes all pending and future work on the collections fail with `error`. */
  end(error: PawdexError): void {
    for (const collection of this.#byName.values()) {
      collection.end(error);
    }
  }
}

/**
 * @param owner the collection that has the name, if any
 * @throws PawdexError invalid_request; collection_exists if the owner is another collection than `self`
 */
function requireFree(name: string, owner: Collection | undefined, self?: Collection): void {
  checkCollectionName(name);
  if (owner !== undefined && owner !== self) {
    throw new PawdexError('collection_exists', {
      detail: `There is already a collection ${owner.row.name === name ? name : `${owner.row.name} with the alias ${name}`}.`,
    });
  }
}
