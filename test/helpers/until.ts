/** Polls until `holds` returns true. @throws after 100 seconds, so that a failure says what did not come true */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + 100_000;
  while (!(await holds())) {
    if (performance.now() > giveUpAt) {
      throw new Error(`did not become true: ${holds}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
