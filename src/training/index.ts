/** What the trainer is built from: differentiable graphs, and ONNX files to read them from and write them to. */
export { gradients } from './autodiff/backward.js';
export { GraphBuilder, type Operand } from './autodiff/builder.js';
export { type CheckOptions, checkGradients, type GradientCheck } from './autodiff/check.js';
export { Graph, type GraphNode, type NodeOptions, type Value } from './autodiff/graph.js';
export { type Imported, type ImportOptions, importModel } from './autodiff/import/index.js';
export { Session, type SessionOptions } from './autodiff/session.js';
export { float, type Model, type ModelNode, readModel, writeModel } from './onnx/model.js';
export { type DType, floatTensor, intTensor, type Tensor, zeros } from './onnx/tensor.js';
