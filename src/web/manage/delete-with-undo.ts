/** Deletes items of a collection, which the user can undo for a while. */
import { attempt } from '../hint.js';
import { deleteItems } from './manage-calls.js';
import { offerUndo } from './undo.js';

/** Bytes that a browser sends after the page is closed: 64 KiB in total, of which an id takes 35. */
const MAX_IDS_ON_LEAVING = 1_500;

interface DeletionEvents {
  /** Shows the items again: the user wants them back, or the server refuses. */
  putBack: () => void;
  /** Called when they are deleted. */
  onDeleted?: () => void;
  /** Called when the offer ends while it has the focus. */
  focusBack?: () => void;
}

/** Deletes items that the page already hides when the time to undo is over, or when the page is closed. */
export function deleteWithUndo(
  collection: string,
  ids: readonly string[],
  message: string,
  { putBack, onDeleted, focusBack }: DeletionEvents,
): void {
  const pending = new AbortController();
  const { signal } = pending;
  if (ids.length <= MAX_IDS_ON_LEAVING) {
    // Nobody is left to hear of a failure.
    const leave = () => void deleteItems(collection, ids, true).catch(() => undefined);
    addEventListener('pagehide', leave, { signal });
  } else {
    // The browser asks the user to stay until it is done.
    addEventListener('beforeunload', (event) => event.preventDefault(), { signal });
  }
  const undo = () => {
    pending.abort();
    putBack();
  };
  const deleteNow = async () => {
    if (await attempt(() => deleteItems(collection, ids))) {
      pending.abort();
      onDeleted?.();
    } else {
      undo();
    }
  };
  offerUndo(message, undo, () => void deleteNow(), focusBack);
}
