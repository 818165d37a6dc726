import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function onPath(name: string): string | null {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here: the next folder may have it.
    }
  }
  return null;
}

/** A Chromium of this machine, or null; the reason to skip is printed once. */
export function findBrowser(): string | null {
  for (const name of NAMES) {
    const file = onPath(name);
    if (file) {
      return file;
    }
  }
  console.warn(`Browser tests are skipped: none of ${NAMES.join(', ')} is on the PATH.`);
  return null;
}

/** Starts it headless, without the connections it likes to make on its own. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page with everything it complained about. */
export interface WatchedPage {
  page: Page;
  /** Uncaught errors, console errors and warnings, policy violations, requests to elsewhere. */
  complaints: string[];
}

/**
 * Opens a fresh page that is watched from its first byte. What Chromium logs by itself for an answer of 400 or
 * more is left out, since tests of errors mean to have such answers.
 */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  // Against hanging, not slowness, as all time limits of the tests.
  page.setDefaultTimeout(90_000);
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    const loud = message.type() === 'error' || message.type() === 'warning';
    if (loud && !message.text().startsWith('Failed to load resource')) {
      complaints.push(message.text());
    }
  });
  page.on('request', (request) => {
    const address = new URL(request.url());
    if (address.protocol.startsWith('http') && address.origin !== new URL(url).origin) {
      complaints.push(`request to ${address.origin}`);
    }
  });
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => {
      console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  // Listening from the start: a chooser that opens before it is intercepted would be the system's own.
  page.on('filechooser', () => {});
  await prepare(page);
  await page.goto(url);
  return { page, complaints };
}
