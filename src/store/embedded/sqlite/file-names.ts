/** The names of the files and folders in a data directory that the store owns. */

export const DATABASE_FILE = 'pawdex.db';
/** Suffix of a database that is being restored from a snapshot. */
export const RESTORING = '.restoring';
export const LEDGER_FILE = 'ledger.json';
export const LOCK_FILE = 'pawdex.lock';
export const GRAPH_FOLDER = 'graphs';
export const SNAPSHOT_FOLDER = 'snapshots';
