/** The embedded store keeps the contract, with its graph and without. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openEmbeddedStore } from '../../src/store/embedded/open-embedded-store.js';
import { storeContract } from './contract.js';

async function fresh(graphLibrary?: string) {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'pawdex-store-'));
  return {
    open: () => openEmbeddedStore({ dataDir, ...(graphLibrary ? { graphLibrary } : {}) }),
    destroy: () => rm(dataDir, { recursive: true }),
  };
}

storeContract('embedded', () => fresh());
storeContract('embedded without hnswlib', () => fresh('a-module-that-is-not-installed'));
