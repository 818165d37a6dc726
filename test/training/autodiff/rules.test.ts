import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkGradients } from '../../../src/training/autodiff/check-gradients.js';
import { GraphBuilder } from '../../../src/training/autodiff/graph-builder.js';
import { RULES } from '../../../src/training/autodiff/rules/index.js';
import { RULE_CASES, type RuleCase } from './rule-cases.js';

/** The largest relative error of the gradients of a case's inputs. */
async function errorOf({ inputs, build }: RuleCase): Promise<number> {
  const g = new GraphBuilder();
  const values = inputs.map((tensor, i) => g.parameter(`p${i}`, tensor));
  const objective = build(g, ...values);
  const checks = await checkGradients(g, { objective, elementwiseUpTo: 24, session: { threads: 1 } });
  // A gradient that vanishes (a softmax over one element) is noise on both sides; its size is what counts.
  return Math.max(...checks.map(({ relativeError, norm }) => (norm < 1e-5 ? norm : relativeError)));
}

describe('a gradient rule', () => {
  it('is tested for every operator that has one', () => {
    expect(Object.keys(RULE_CASES).sort()).toEqual([...RULES.keys()].sort());
  });

  for (const [op, cases] of Object.entries(RULE_CASES)) {
    it(`of ${op} agrees with central finite differences`, async () => {
      await fc.assert(
        fc.asyncProperty(cases, async (ruleCase) => {
          expect(await errorOf(ruleCase)).toBeLessThan(1e-3);
        }),
        { numRuns: ['Conv', 'MatMul', 'MaxPool', 'AveragePool'].includes(op) ? 80 : 30, seed: 22 },
      );
    });
  }
});
