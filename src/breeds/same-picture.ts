/**
 * Cosine similarities from which two photos count as the same picture, for the shipped encoder. There are four, since a
 * wrong decision has different consequences. Browsers use them too, so this file imports nothing.
 */

/** For lists that a person reviews, where a wrong pair costs a glance: also finds other crops and edits of a picture. */
export const SIMILAR_PICTURE = 0.95;

/**
 * For counting queries that the gallery contains in a cropped or re-encoded form. The graph's crowds have the same limit:
 * none of 20,000 ordinary vectors has 16 neighbours this similar (docs/measurements/data-shapes.md).
 */
export const CROPPED_PICTURE = 0.985;

/**
 * For leaving a reference photo out of its own comparison. A different photo of the same subject has to count, so this is
 * stricter.
 */
export const REENCODED_PICTURE = 0.99;

/** For telling a person that a photo is in the collection already, which must not be wrong: the same pixels, saved again. */
export const RESAVED_PICTURE = 0.9995;
