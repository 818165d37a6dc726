/** Execution providers other than the CPU: how to request them, and which operators ran on the CPU anyway. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { readModel } from '../../onnx/onnx-model.js';

/** An execution provider of onnxruntime; docs/gpu.md says what each needs. */
export type Provider = 'cpu' | 'webgpu' | 'cuda';

/** Where the operators of one run were executed. */
export interface Placement {
  readonly provider: Provider;
  /** Operator calls on it. */
  readonly onProvider: number;
  /** Number of calls that ran on the CPU instead, by operator. */
  readonly onCpu: Readonly<Record<string, number>>;
  /** Copies of tensors between the two. */
  readonly copies: number;
}

/** How to install a missing provider. */
export const PROVIDER_HINTS: Readonly<Record<Provider, string>> = {
  cpu: 'Reinstall onnxruntime-node.',
  webgpu:
    'WebGPU comes with the packages for Linux x64, macOS and Windows; on Linux it needs a Vulkan driver: see `vulkaninfo --summary` and docs/gpu.md.',
  cuda: 'On Linux x64 with CUDA 12 and cuDNN 9, install the provider: node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12. See docs/gpu.md.',
};

/** Configures a provider for onnxruntime, working around gaps in its kernels. */
export function createProviderOptions(
  provider: Provider,
  bytes: Uint8Array,
): InferenceSession.ExecutionProviderConfig {
  if (provider !== 'webgpu') {
    return provider;
  }
  // WebGPU accepts every MaxPool and then fails on one with indices, which the gradient of MaxPool needs.
  const forceCpuNodeNames = readModel(bytes)
    .nodes.filter(({ op, outputs }) => op === 'MaxPool' && outputs.length > 1)
    .map(({ name }) => name);
  // Its channels-last convolution is silently wrong for 6, 9, 18, ... input channels (multiples of 3 but not of 4) and
  // 4, 8, ... output channels. In a gradient of weights, the batch takes the place of the input channels.
  return {
    name: 'webgpu',
    preferredLayout: 'NCHW',
    ...(forceCpuNodeNames.length > 0 ? { forceCpuNodeNames } : {}),
  };
}

/** Reads where operators ran from the profile in a folder, once the session has written it. */
export async function readPlacement(folder: string, provider: Provider): Promise<Placement> {
  const [file] = await readdir(folder);
  const events = JSON.parse(await readFile(path.join(folder, file ?? ''), 'utf8')) as ProfileEvent[];
  return countPlacements(provider, events);
}

/** An event of onnxruntime's profile; kernels have `cat` "Node". */
interface ProfileEvent {
  cat?: string;
  name: string;
  args?: { op_name?: string; provider?: string };
}

function countPlacements(provider: Provider, events: readonly ProfileEvent[]): Placement {
  const onCpu: Record<string, number> = {};
  let [onProvider, copies] = [0, 0];
  for (const { cat, name, args } of events) {
    const op = args?.op_name;
    if (cat !== 'Node' || op === undefined || !name.endsWith('_kernel_time')) {
      continue;
    }
    if (op.startsWith('Memcpy')) {
      copies++;
    } else if (args?.provider === 'CPUExecutionProvider') {
      onCpu[op] = (onCpu[op] ?? 0) + 1;
    } else {
      onProvider++;
    }
  }
  return { provider, onProvider, onCpu, copies };
}

export function describePlacement({ provider, onProvider, onCpu, copies }: Placement): string {
  const list = Object.entries(onCpu).map(([op, calls]) => `${calls} ${op}`);
  return list.length === 0
    ? `All ${onProvider} operator calls run on ${provider}.`
    : `${onProvider} operator calls run on ${provider}; on the CPU, with ${copies} copies: ${list.join(', ')}.`;
}
