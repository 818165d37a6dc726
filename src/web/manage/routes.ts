/** Routes of the collection manager, `#/collections` and `#/collections/NAME/PAGE`. Every other URL asks about a photo. */
import { button, byId, el, fill } from '../dom.js';
import { askForKey } from '../key-form.js';
import { expectProblem, fetchPart, Problem } from '../problem.js';
import { texts } from '../texts/texts.js';
import type { View } from './open-manage-view.js';

/** The view of a URL; its code is loaded when first needed. @throws Problem */
async function openView(hash: string, reload: () => void): Promise<View | null> {
  const route = /^#\/collections(?:\/([^/]+)(?:\/(\w+))?)?$/.exec(hash);
  if (route === null) {
    return null;
  }
  const [, name, page = 'photos'] = route;
  const { openManageView } = await fetchPart(() => import('./open-manage-view.js'));
  return openManageView(name === undefined ? null : decodeName(name), page, reload);
}

/** @throws Problem collection_not_found if it is not encoded as names in URLs are */
function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new Problem('collection_not_found', 404);
  }
}

function problemPage(problem: Problem, reload: () => void): View {
  const again = problem.code === 'page_outdated' ? () => location.reload() : reload;
  return {
    element: el(
      'section.manage',
      el('h1', { id: 'manage-title', tabindex: -1 }, problem.title),
      el('p', problem.hint),
      el(
        'p.actions',
        problem.status !== 404 && button(texts.failure.again, 'primary', again),
        el('a.button.plain', { href: '#/collections' }, texts.manage.all),
      ),
    ),
  };
}

/**
 * Shows the view of the URL, now and whenever it changes.
 *
 * @param onAsk called when leaving the collection pages, which may have changed the collections
 */
export function startRoutes(onAsk: () => void): { reload: () => Promise<void> } {
  const place = byId('manage', HTMLElement);
  const asking = byId('ask', HTMLElement);
  let open: View | null = null;
  let latest = 0;
  const show = async (isFirst = false) => {
    const turn = ++latest;
    const closed = open?.close?.();
    open = null;
    const view = await openView(location.hash, () => void show()).catch((error: unknown) => {
      const problem = expectProblem(error);
      if (problem.code === 'unauthorized') {
        askForKey();
      }
      return problemPage(problem, () => void show());
    });
    await closed;
    if (turn !== latest) {
      void view?.close?.();
      return;
    }
    open = view;
    if (view === null && asking.hidden) {
      onAsk();
    }
    asking.hidden = view !== null;
    document.body.toggleAttribute('data-managing', view !== null);
    place.hidden = view === null;
    fill(place, view?.element);
    for (const link of document.querySelectorAll<HTMLAnchorElement>('.top .pages a')) {
      link.setAttribute('aria-current', String(link.hash.startsWith('#/collections') === (view !== null)));
    }
    if (view !== null && !isFirst) {
      document.getElementById('manage-title')?.focus();
    }
  };
  addEventListener('hashchange', () => {
    // The link that skips to the content is not a route.
    if (location.hash === '' || location.hash.startsWith('#/')) {
      void show();
    }
  });
  void show(true);
  return { reload: () => show() };
}
