/**
 * The gradient rules by operator name, written in one file per family. To add one, write it in the file of its family and
 * a case for it in `test/training/autodiff/rule-cases.ts`.
 */
import type { GradientRule } from '../graph-builder.js';
import { ACTIVATION_RULES } from './activation-rules.js';
import { ELEMENTWISE_RULES } from './elementwise-rules.js';
import { LAYOUT_RULES } from './layout-rules.js';
import { LINEAR_RULES } from './linear-rules.js';
import { NORMALISATION_RULES } from './normalisation-rules.js';
import { REDUCTION_RULES } from './reduction-rules.js';
import { WINDOW_RULES } from './window-rules.js';

/** The gradient rules of the operators of the standard ONNX domain. */
export const RULES: ReadonlyMap<string, GradientRule> = new Map(
  Object.entries({
    ...ELEMENTWISE_RULES,
    ...ACTIVATION_RULES,
    ...LINEAR_RULES,
    ...NORMALISATION_RULES,
    ...REDUCTION_RULES,
    ...LAYOUT_RULES,
    ...WINDOW_RULES,
  }),
);
