/** Texts about collections, in German. */
import type { ManageTexts } from './english-manage.js';

export const germanManage: ManageTexts = {
  title: 'Sammlungen',
};
