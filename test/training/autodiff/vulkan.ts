/** Finds a Vulkan driver that WebGPU runs on: the machine's own, or the software one that comes with Chromium. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const SWIFTSHADER = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'].map(
  (folder) => `${folder}/vk_swiftshader_icd.json`,
);

/** A first run in a process of its own: a driver that hangs or crashes there does so alone. */
const PROBE = `
const [, url] = process.argv;
const { Graph, Session } = await import(url);
const g = new Graph();
g.output('y', g.op('Exp', [g.input('x', 'float32', [1])]));
const session = await Session.open(g.toBytes(), { provider: 'webgpu' });
await session.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(0) } });
`;

function works(icd: string | undefined): boolean {
  const index = new URL('../../../dist/training/index.js', import.meta.url);
  const { status } = spawnSync(process.execPath, ['--input-type=module', '-e', PROBE, index.href], {
    timeout: 20_000,
    stdio: 'ignore',
    env: { ...process.env, ...(icd === undefined ? {} : { VK_ICD_FILENAMES: icd }) },
  });
  return status === 0;
}

/**
 * Makes WebGPU usable in this process where it can be. Call it before anything is run on WebGPU.
 *
 * @returns whether it is
 */
export function findVulkan(): boolean {
  if (works(undefined)) return true;
  const icd = SWIFTSHADER.find((file) => existsSync(file) && works(file));
  if (icd === undefined) return false;
  process.env.VK_ICD_FILENAMES = icd;
  return true;
}
