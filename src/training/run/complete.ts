/** What an encoder is made of when training has ended: the trained network, with the general part of its head. */
import type { Matrix } from '../../evaluation/exact.js';
import type { SessionOptions } from '../autodiff/session.js';
import type { Projection } from '../head/algebra.js';
import { generalDimension, parted, weighed, withGeneral } from '../head/general.js';
import { besideStart, ofTrainedPart } from '../network/beside.js';
import type { Network } from '../network/network.js';
import type { Recipe } from '../recipe/schema.js';

type General = Recipe['head']['general'];

/**
 * The network whose features an embedding is made of: the trained one, or that and the one it started from.
 *
 * @throws PawdexError `config_invalid` when the start cannot be kept beside it
 */
export function featureNetwork<N extends Pick<Network, 'backbone'>>(
  trained: N,
  start: Pick<Network, 'backbone'>,
  general: General,
): N {
  if (general?.features !== 'start') return trained;
  return { ...trained, backbone: besideStart(trained.backbone, start.backbone) };
}

/**
 * The head for those features.
 *
 * @param learned the trained head, of the trained network's features; with its distilled part where there is one
 * @param features of {@link featureNetwork}, unit rows, of photos that the general part is fitted on
 * @throws PawdexError `config_invalid` for more components than there are
 */
export async function completeHead(
  learned: Projection,
  features: Matrix,
  general: General,
  session?: SessionOptions,
): Promise<Projection> {
  if (general === undefined) return learned;
  if (general.features === 'distilled') {
    const own = learned.offset.data.length - generalDimension(general);
    return weighed(...parted(learned, own), features, general, session);
  }
  if (general.features === 'trained') return withGeneral(learned, features, general, session);
  const from = learned.matrix.shape[0] as number;
  return withGeneral(ofTrainedPart(learned, features), features, { ...general, from }, session);
}
