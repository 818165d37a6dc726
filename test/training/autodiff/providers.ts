/**
 * Finds what graphs run on beside the CPU. For WebGPU that is a Vulkan driver, the machine's own or the software one
 * that comes with Chromium.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Provider } from '../../../src/training/autodiff/execution-provider.js';

const SWIFTSHADER = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'].map(
  (folder) => `${folder}/vk_swiftshader_icd.json`,
);

/** A first run in a process of its own: a driver that hangs or crashes there does so alone. */
const PROBE = `
const [, folder, provider] = process.argv;
const { GraphBuilder } = await import(folder + 'graph-builder.js');
const { GraphSession } = await import(folder + 'graph-session.js');
const g = new GraphBuilder();
g.output('y', g.op('Exp', [g.input('x', 'float32', [1])]));
const session = await GraphSession.open(g.toBytes(), { provider });
await session.run({ x: { dtype: 'float32', shape: [1], data: Float32Array.of(0) } });
`;

function works(provider: Provider, icd?: string): boolean {
  const folder = new URL('../../../dist/training/autodiff/', import.meta.url);
  const args = ['--input-type=module', '-e', PROBE, folder.href, provider];
  const { status, stderr } = spawnSync(process.execPath, args, {
    timeout: 20_000,
    encoding: 'utf8',
    env: { ...process.env, ...(icd === undefined ? {} : { VK_ICD_FILENAMES: icd }) },
  });
  if (status === 1 && !stderr.includes('PawdexError')) {
    throw new Error(`The first run itself is wrong:\n${stderr}`);
  }
  return status === 0;
}

/**
 * Makes WebGPU usable in this process where it can be. Call it before anything is run on WebGPU.
 *
 * @returns the providers that run something
 */
export function findProviders(): ReadonlySet<Provider> {
  const found = new Set<Provider>((['webgpu', 'cuda'] as const).filter((provider) => works(provider)));
  if (found.has('webgpu')) {
    return found;
  }
  const icd = SWIFTSHADER.find((file) => existsSync(file) && works('webgpu', file));
  if (icd === undefined) {
    return found;
  }
  process.env.VK_ICD_FILENAMES = icd;
  return found.add('webgpu');
}
