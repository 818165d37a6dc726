/** Starts the browser that is installed. The tests look for the same names. */
import { execFileSync } from 'node:child_process';
import { chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** @throws Error if there is none on the PATH */
export function launchChromium() {
  for (const name of NAMES) {
    try {
      const executablePath = execFileSync('which', [name], { encoding: 'utf8' }).trim();
      return chromium.launch({
        executablePath,
        args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--no-first-run'],
      });
    } catch {
      // Try the next name.
    }
  }
  throw new Error(`None of ${NAMES.join(', ')} is on the PATH.`);
}
