/** Opens the views of the collection manager. The map is loaded separately, because most visits do not need it. */
import { readServer } from '../api.js';
import { fetchPart } from '../problem.js';
import { collectionListView } from './collection-list.js';
import type { CollectionPage, PageName } from './collection-page.js';
import { DuplicatesPage } from './duplicates-page.js';
import { PhotosPage } from './photos-page.js';
import { QualityPage } from './quality-page.js';

/** What the routes show. */
export interface View {
  element: HTMLElement;
  /** @returns resolved when it may be removed, if that is not now */
  close?: () => Promise<void> | undefined;
}

const OPENED: Record<PageName, (name: string) => CollectionPage | Promise<CollectionPage>> = {
  photos: (name) => new PhotosPage(name),
  map: async (name) => {
    const { MapPage } = await fetchPart(() => import('./map-page.js'));
    return new MapPage(name);
  },
  duplicates: (name) => new DuplicatesPage(name),
  quality: (name) => new QualityPage(name),
};

const isPage = (page: string): page is PageName => Object.hasOwn(OPENED, page);

/**
 * @param name of a collection; null: the list of all
 * @param reload reloads the list after a change
 * @throws Problem
 */
export async function openManageView(name: string | null, page: string, reload: () => void): Promise<View> {
  // What it allows decides what the pages offer.
  await readServer();
  if (name === null) {
    return { element: await collectionListView(reload) };
  }
  const opened = await OPENED[isPage(page) ? page : 'photos'](name);
  await opened.open();
  return opened;
}
