/** Starts the page: connects the inputs (files, drop, paste, keys, collection) to the flow in app.ts. */
import type { ServerInfo } from '../client/wire.js';
import './styles/page.css';
import { fetchExample, fetchPhoto, hasApiKey, readServer, readShared, setApiKey } from './api.js';
import { App } from './app.js';
import { CollectionChooser } from './collection-chooser.js';
import { byId, takeFromField } from './dom.js';
import { formatDateTime, parseWebAddress } from './format.js';
import { showHint } from './hint.js';
import { takeFromDrop, takeFromPaste } from './input.js';
import { keepFocus } from './keep-focus.js';
import { startRoutes } from './manage/routes.js';
import { pickPhotos } from './photo.js';
import { expectProblem, Problem, replaceProblem } from './problem.js';
import { startLanguage, texts } from './texts/texts.js';
import { startTheme } from './theme.js';
import { showBreeds } from './views/breeds.js';

const keyForm = byId('key-form', HTMLFormElement);
const keyField = byId('key', HTMLInputElement);

function askForKey(): void {
  byId('key-note', HTMLElement).textContent = hasApiKey() ? texts.key.refused : texts.key.wanted;
  keyForm.hidden = false;
  keyField.focus();
  // Focusing a field that already has the focus does not scroll it into view.
  keyForm.scrollIntoView({ block: 'nearest' });
}

keepFocus();
startTheme(byId('theme', HTMLButtonElement));
await startLanguage(byId('language', HTMLSelectElement), (isLoaded) => {
  if (!isLoaded) {
    return showHint(new Problem('network', 0).message);
  }
  app.redraw();
  void loadCollections();
  void routes.reload();
});

const chooser = new CollectionChooser(
  byId('collection', HTMLSelectElement),
  () => {
    app.askInOtherCollection();
    void showBreeds(chooser.value);
  },
  (name) => showHint(texts.ask.missing(name)),
);
/** What the server says about itself; null while it is not known. */
let server: ServerInfo | null = null;
const app = new App({
  collection: () => chooser.value,
  syncCollectionFromUrl: () => void (chooser.syncWithUrl() && showBreeds(chooser.value)),
  needKey: askForKey,
  server: () => server,
});
const take = (photos: File[]) => {
  // A photo given on a collection's page is a question, too.
  if (location.hash.startsWith('#/collections')) {
    location.hash = '#/';
  }
  app.takePhotos(photos);
};
const routes = startRoutes(() => void loadCollections(), askForKey);

async function loadCollections(): Promise<void> {
  try {
    await chooser.load();
    // A question will meet the same problem and report it.
    server ??= await readServer().catch(replaceProblem(null));
    await showBreeds(chooser.value);
  } catch (error) {
    expectProblem(error);
    askForKey();
  }
}

keyForm.addEventListener('submit', async (event) => {
  event.preventDefault();
  setApiKey(keyField.value.trim());
  keyField.value = '';
  keyForm.hidden = true;
  await loadCollections();
  if (!keyForm.hidden) {
    return;
  }
  await routes.reload();
  app.askAgain();
});

for (const [control, id] of [
  ['choose', 'file'],
  ['take', 'camera'],
] as const) {
  const field = byId(id, HTMLInputElement);
  byId(control, HTMLButtonElement).addEventListener('click', () => field.click());
  takeFromField(field, (files) => take(pickPhotos(files)));
}
const takeLink = (link: string) => (server?.fetchesUrls ? void takeFrom(() => fetchPhoto(link)) : take([]));
takeFromDrop(take, takeLink);
takeFromPaste(take, takeLink);

/** Does something that the server may refuse, and shows the problem in place of an answer. */
async function askOrShowProblem(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    app.showProblem(expectProblem(error), () => void askOrShowProblem(work));
  }
}

/** Takes a photo that the server stores or fetches. */
const takeFrom = (get: () => Promise<File>) => askOrShowProblem(async () => take([await get()]));

async function openShared(id: string): Promise<void> {
  const { photoBase64, collection, answer, expires } = await readShared(id);
  const bytes = Uint8Array.from(atob(photoBase64), (character) => character.charCodeAt(0));
  const photo = new File([bytes], 'pawdex.jpg', { type: 'image/jpeg' });
  app.askNew({ photo, note: ` · ${texts.share.until(formatDateTime(expires))}`, collection, answer });
}

for (const button of document.querySelectorAll<HTMLButtonElement>('[data-example]')) {
  button.addEventListener('click', () => void takeFrom(() => fetchExample(button.dataset.example!)));
}

addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && document.querySelector('dialog[open]') === null) {
    app.dismiss();
  }
});
// A dialog belongs to what was shown before.
addEventListener('popstate', () => {
  for (const dialog of document.querySelectorAll('dialog')) {
    dialog.close();
  }
});

await loadCollections();
const address = new URLSearchParams(location.search);
const shared = address.get('shared');
const named = address.get('url');
if (shared !== null) {
  void askOrShowProblem(() => openShared(shared));
} else if (named !== null && parseWebAddress(named) !== null) {
  void takeFrom(() => fetchPhoto(named));
}
// Browsers have it only in secure contexts, despite its type.
const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined;
workers?.register('service-worker.js').catch(() => {
  // The page works without it; the next visit tries again.
});
