/** Opens the views of the collection manager. The map is loaded separately, because most visits do not need it. */
import { fetchPart } from '../problem.js';
import { collectionListView } from './collection-list.js';
import { DuplicatesPage } from './duplicates-page.js';
import { PhotosPage } from './photos-page.js';
import { QualityPage } from './quality-page.js';

interface Page {
  element: HTMLElement;
  open: () => Promise<void>;
  close: () => void;
}

async function pageOf(name: string, page: string): Promise<Page> {
  if (page === 'map') {
    const { MapPage } = await fetchPart(() => import('./map-page.js'));
    return new MapPage(name);
  }
  if (page === 'duplicates') {
    return new DuplicatesPage(name);
  }
  return page === 'quality' ? new QualityPage(name) : new PhotosPage(name);
}

/**
 * @param name of a collection; null: the list of all
 * @param reload reloads the list after a change
 * @throws Problem
 */
export async function openManageView(
  name: string | null,
  page: string,
  reload: () => void,
): Promise<{ element: HTMLElement; close?: () => void }> {
  if (name === null) {
    return { element: await collectionListView(reload) };
  }
  const opened = await pageOf(name, page);
  await opened.open();
  return opened;
}
