/** The trainer's building blocks: differentiable graphs, reading and writing of ONNX files, and batches of views. */

export { asFloat, type Model, type ModelNode, readModel, writeModel } from '../onnx/onnx-model.js';
export type { Value } from '../onnx/onnx-values.js';
export { createFloatTensor, createIntTensor, createZeros, type DType, type Tensor } from '../onnx/tensor.js';
export { appendGradients } from './autodiff/append-gradients.js';
export { type CheckOptions, checkGradients, type GradientCheck } from './autodiff/check-gradients.js';
export { describePlacement, type Placement, type Provider } from './autodiff/execution-provider.js';
export { GraphBuilder, type Operand } from './autodiff/graph-builder.js';
export { GraphSession, type SessionOptions } from './autodiff/graph-session.js';
export { type ImportOptions, importModel } from './autodiff/import/import-model.js';
export type { GraphNode, NodeOptions } from './autodiff/operator-graph.js';
export { OperatorGraph } from './autodiff/operator-graph.js';
export type { AdamWOptions } from './autodiff/step/adamw.js';
export type { Objective } from './autodiff/step/step-graphs.js';
export type { TrainingState } from './autodiff/step/training-state.js';
export { type StepOptions, type StepResult, TrainingStep } from './autodiff/step/training-step.js';
export type { Batch } from './data/batch-maker.js';
export { type LoadOptions, loadBatches } from './data/load-batches.js';
export { PhotoCache, type PhotoCacheOptions } from './data/photo-cache.js';
export { renderView } from './data/render-view.js';
export {
  type ClassBatchOptions,
  drawClassBatches,
  drawPlainBatches,
  type PlannedBatch,
  type PlanSeed,
  planRun,
} from './data/sampler.js';
export type { BadPhoto } from './data/substitutes.js';
export { drawView, PLAIN_VIEW, type ViewParameters } from './data/view-parameters.js';
export { type ViewSettings, viewSettings } from './data/view-settings.js';
export { buildEncoderModel, type EncoderParts } from './export/encoder-model.js';
export { type Quantised, type QuantiseOptions, quantise } from './export/quantise/quantise-model.js';
export { type EncoderFacts, writeEncoder } from './export/write-encoder.js';
export { fitProjection, type ProjectionOptions } from './head/fit-projection.js';
export { appendUnitRows, type ContrastOptions, declareTemperature } from './losses/contrast.js';
export {
  appendInfoNce,
  appendMoco,
  appendNtXent,
  appendProxyNca,
  appendSupCon,
} from './losses/contrastive-losses.js';
export { type ChartInput, writeTrainingCharts } from './report/write-charts.js';
