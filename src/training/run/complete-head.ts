/** Completes an encoder after training: the trained network gets the general part of its head. */
import type { Matrix } from '../../math/matrix.js';
import type { SessionOptions } from '../autodiff/graph-session.js';
import { addGeneralPart } from '../head/general-part.js';
import type { Projection } from '../head/projection.js';
import type { Network } from '../network/network.js';
import { addStartFeatures, widenProjection } from '../network/start-features.js';
import type { Recipe } from '../recipe/recipe-schema.js';

type General = Recipe['head']['general'];

/**
 * Creates the network whose features make up an embedding: the trained one, or the trained one together with the start.
 *
 * @throws PawdexError config_invalid when the start cannot be kept beside it
 */
export function createFeatureNetwork(trained: Network, start: Network, general: General): Network {
  if (general?.features !== 'start') {
    return trained;
  }
  return { ...trained, backbone: addStartFeatures(trained.backbone, start.backbone) };
}

/**
 * Completes the head for these features.
 *
 * @param learned the trained head of the trained network's features
 * @param features of {@link createFeatureNetwork}, unit rows, of the photos that the general part is fitted on
 * @throws PawdexError config_invalid for more components than features
 */
export async function completeHead(
  learned: Projection,
  features: Matrix,
  general: General,
  session?: SessionOptions,
): Promise<Projection> {
  if (general === undefined) {
    return learned;
  }
  if (general.features === 'trained') {
    return addGeneralPart(learned, features, general, session);
  }
  const from = learned.matrix.shape[0] as number;
  return addGeneralPart(widenProjection(learned, features), features, { ...general, from }, session);
}
