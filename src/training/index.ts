/**
 * What the trainer is built from: differentiable graphs, ONNX files to read them from and write them to, and batches
 * of views to feed them with.
 */

export { float, type Model, type ModelNode, readModel, writeModel } from '../onnx/model.js';
export { type DType, floatTensor, intTensor, type Tensor, zeros } from '../onnx/tensor.js';
export { gradients } from './autodiff/backward.js';
export { GraphBuilder, type Operand } from './autodiff/builder.js';
export { type CheckOptions, checkGradients, type GradientCheck } from './autodiff/check.js';
export { Graph, type GraphNode, type NodeOptions, type Value } from './autodiff/graph.js';
export { type Imported, type ImportOptions, importModel } from './autodiff/import/index.js';
export { describePlacement, type Placement, type Provider } from './autodiff/provider.js';
export { Session, type SessionOptions } from './autodiff/session.js';
export type { AdamWOptions } from './autodiff/step/adamw.js';
export type { Objective } from './autodiff/step/graphs.js';
export { type StepOptions, type StepResult, TrainingStep } from './autodiff/step/index.js';
export type { TrainingState } from './autodiff/step/state.js';
export { type LoadedBatch, type LoadOptions, loadBatches } from './data/loader.js';
export { PhotoCache, type PhotoCacheOptions } from './data/photo-cache.js';
export { type PlannedBatch, planRun } from './data/plan.js';
export { type ClassBatchOptions, classBatches, type PlanSeed, plainBatches } from './data/sampler.js';
export type { BadPhoto } from './data/substitutes.js';
export { drawView, PLAIN_VIEW, type ViewParameters } from './data/view-parameters.js';
export { type ViewSettings, viewSettings } from './data/view-settings.js';
export { renderView } from './data/views.js';
export { type EncoderParts, encoderModel } from './export/encoder-model.js';
export { type Quantised, type QuantiseOptions, quantise } from './export/quantise/index.js';
export { type EncoderFacts, writeEncoder } from './export/write-encoder.js';
export { fitProjection, type ProjectionOptions } from './head/fit-projection.js';
export { type ContrastOptions, learnedTemperature, normalise } from './losses/contrast.js';
export { infoNce } from './losses/info-nce.js';
export { moco } from './losses/moco.js';
export { ntXent } from './losses/nt-xent.js';
export { proxyNca } from './losses/proxy-nca.js';
export { supCon } from './losses/sup-con.js';
export { type ChartInput, writeTrainingCharts } from './report/write-charts.js';
