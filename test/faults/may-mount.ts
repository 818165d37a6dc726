import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';

/** Whether this process may mount a file system in a name space of its own. */
export const mayMount =
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' }).status === 0;
