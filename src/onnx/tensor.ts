/** Constant tensors, and their form inside an ONNX file. */
import { PawdexError } from '../errors.js';
import type { TensorProto } from './onnx-proto.js';

/** Element types that the trainer handles, named as in onnxruntime. float16 is for stored values, not for weights. */
export type DType = 'float32' | 'float64' | 'float16' | 'int64' | 'int32' | 'uint8' | 'int8' | 'bool';

/** The array of a tensor's elements. A bool takes one byte, a float16 is stored as its bits. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Uint8Array
  | Int8Array;

/** A tensor with its values, row-major. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** ONNX's TensorProto.DataType codes. */
const CODES: Record<DType, number> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
};
const DTYPES = new Map(Object.entries(CODES).map(([name, code]) => [code, name as DType]));
const UNSUPPORTED: Record<number, string> = {
  4: 'uint16',
  5: 'int16',
  8: 'string',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};
const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  float16: Uint16Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  bool: Uint8Array,
} as const;

/** Counts the elements of a shape. The shape `[]` of a scalar has one. */
export function countElements(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Creates a float32 tensor from numbers, row-major. @param shape by default one-dimensional */
export function createFloatTensor(
  values: ArrayLike<number>,
  shape: readonly number[] = [values.length],
): Tensor {
  return { dtype: 'float32', shape, data: Float32Array.from(values) };
}

/** Creates an int64 tensor from integers, row-major. @param shape by default one-dimensional */
export function createIntTensor(
  values: readonly number[],
  shape: readonly number[] = [values.length],
): Tensor {
  return { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) };
}

export function createZeros(dtype: DType, shape: readonly number[]): Tensor {
  return { dtype, shape, data: new ARRAYS[dtype](countElements(shape)) };
}

/**
 * Converts the elements to JavaScript numbers. int64 values beyond 2^53, such as the "to the end" of Slice, are rounded.
 */
export function toNumbers(tensor: Tensor): number[] {
  return Array.from(tensor.data as ArrayLike<number | bigint>, Number);
}

/** Returns ONNX's code of an element type. */
export function encodeDType(dtype: DType): number {
  return CODES[dtype];
}

/**
 * Returns the element type of an ONNX code.
 *
 * @param what names the tensor in the error
 * @throws PawdexError model_invalid for bfloat16, strings and other types that the trainer does not read
 */
export function decodeDType(code: number, what: string): DType {
  const dtype = DTYPES.get(code);
  if (dtype !== undefined) {
    return dtype;
  }
  throw createTypeError(what, UNSUPPORTED[code] ?? String(code));
}

function createTypeError(what: string, type: string): PawdexError {
  return new PawdexError('model_invalid', {
    detail: `${what} has the element type ${type}, which the trainer cannot read.`,
    hint: 'Export the model in float32 (and int64 for shapes).',
  });
}

/**
 * Reads a TensorProto. The result owns its memory.
 *
 * @throws PawdexError model_invalid for external data, unknown types, or data that does not fill the shape
 */
export function readTensor(proto: TensorProto): Tensor {
  const what = `The initialiser "${proto.name}"`;
  if (proto.dataLocation === 1) {
    throw new PawdexError('model_invalid', {
      detail: `${what} stores its values in another file (external data).`,
      hint: 'Save the model as one file, for example with onnx.save(model, path, save_as_external_data=False).',
    });
  }
  const dtype = decodeDType(proto.dataType, what);
  if (dtype === 'float16') {
    throw createTypeError(what, dtype);
  }
  const shape = proto.dims.map(Number);
  const size = countElements(shape);
  const raw = proto.rawData;
  let data: TensorData;
  if (raw !== undefined && raw.length > 0) {
    // A copy, so that it is aligned and the file's buffer can be freed. Buffer.slice would not copy.
    const bytes = new Uint8Array(raw);
    const width = ARRAYS[dtype].BYTES_PER_ELEMENT;
    data = new ARRAYS[dtype](bytes.buffer, 0, Math.floor(bytes.length / width));
  } else if (dtype === 'float32') {
    data = Float32Array.from(proto.floatData ?? []);
  } else if (dtype === 'float64') {
    data = Float64Array.from(proto.doubleData ?? []);
  } else if (dtype === 'int64') {
    data = BigInt64Array.from(proto.int64Data ?? [], (v) => BigInt(v.toString()));
  } else {
    data = ARRAYS[dtype].from(proto.int32Data ?? []);
  }
  if (data.length !== size) {
    throw new PawdexError('model_invalid', {
      detail: `${what} has ${data.length} values for the shape [${shape}].`,
    });
  }
  return { dtype, shape, data };
}

/** Writes a tensor as raw little-endian bytes. It shares the tensor's memory until it is encoded. */
export function writeTensor(name: string, tensor: Tensor): TensorProto {
  const { buffer, byteOffset, byteLength } = tensor.data;
  return {
    name,
    dims: [...tensor.shape],
    dataType: CODES[tensor.dtype],
    rawData: new Uint8Array(buffer, byteOffset, byteLength),
  };
}
