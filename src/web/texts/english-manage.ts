/** Texts about collections, in English. A text with a gap is a function. */
export const englishManage = {
  title: 'Collections',
};

/** The texts about collections of one language. */
export type ManageTexts = typeof englishManage;
