/** Starts the page: connects the inputs (files, drop, paste, keys, collection) to the flow in app.ts. */
import './styles/page.css';
import { fetchExample, fetchPhoto, readServer, readShared, server } from './api.js';
import { App } from './app.js';
import { CollectionChooser } from './collection-chooser.js';
import { byId, takeFromField } from './dom.js';
import { formatDateTime, parseWebAddress } from './format.js';
import { showHint } from './hint.js';
import { takeFromDrop, takeFromPaste } from './input.js';
import { keepFocus } from './keep-focus.js';
import { askForKey, startKeyForm } from './key-form.js';
import { startRoutes } from './manage/routes.js';
import { pickPhotos } from './photo.js';
import { expectProblem, Problem, replaceProblem } from './problem.js';
import { startLanguage, texts } from './texts/texts.js';
import { startTheme } from './theme.js';

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

const chooser = new CollectionChooser(() => app.askInOtherCollection());
const app = new App(chooser);
const take = (photos: File[]) => {
  // A photo given on a collection's page is a question, too.
  if (location.hash.startsWith('#/collections')) {
    location.hash = '#/';
  }
  app.takePhotos(photos);
};
const routes = startRoutes(() => void loadCollections());

/** @returns whether the server accepts the key, if it requires one */
async function loadCollections(): Promise<boolean> {
  // A question will meet the same problem and report it.
  const loading = readServer().catch(replaceProblem(undefined));
  try {
    await chooser.load();
    await loading;
    return true;
  } catch (error) {
    expectProblem(error);
    askForKey();
    return false;
  }
}

startKeyForm(async () => {
  if (await loadCollections()) {
    await routes.reload();
    app.askAgain();
  }
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
