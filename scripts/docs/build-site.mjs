#!/usr/bin/env node
/**
 * Builds the documentation site into docs/.vitepress/dist and fails on a dead link. The site's tools have a package of
 * their own in docs/, so that nobody who only runs pawdex installs them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const docs = fileURLToPath(new URL('../../docs/', import.meta.url));

function runOrExit(command, args) {
  const { status } = spawnSync(command, args, {
    cwd: docs,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (status !== 0) {
    process.exit(status ?? 1);
  }
}

const installed = path.join(docs, 'node_modules', '.package-lock.json');
const lock = path.join(docs, 'package-lock.json');
if (!existsSync(installed) || statSync(installed).mtimeMs < statSync(lock).mtimeMs) {
  runOrExit('npm', ['ci', '--ignore-scripts']);
}
const mode = process.argv.includes('--dev') ? 'dev' : 'build';
runOrExit(process.execPath, [path.join('node_modules', 'vitepress', 'bin', 'vitepress.js'), mode]);
