/** A thread that projects vectors, so that the main thread does not wait. */
import { serveCalls, transfer } from '../threads/rpc.js';
import { projectToPlane } from './project-to-plane.js';

const calls = {
  /**
   * @param data [rows, dimension]
   * @returns [rows, 2]
   */
  async project(data: Float32Array, dimension: number) {
    const points = await projectToPlane({ data, rows: data.length / dimension, dimension });
    const flat = Float32Array.from(points.flat());
    return transfer(flat, [flat.buffer]);
  },
};

export type ProjectionCalls = typeof calls;

serveCalls(calls);
