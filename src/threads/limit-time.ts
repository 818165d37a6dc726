/** Waits for work that may never end. */

/**
 * Waits for a promise with a time limit.
 *
 * @param createError creates the error that is thrown after `ms` milliseconds
 * @param end stops the work then
 */
export async function limitTime<T>(
  work: Promise<T>,
  ms: number,
  createError: () => Error,
  end: () => void = () => {},
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(createError());
      end();
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
