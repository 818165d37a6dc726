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

/** A Chromium on this machine, or null. The reason for skipping is printed once. */
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

/** Starts it headless, without background connections. */
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

/** A page with all its complaints. */
export interface WatchedPage {
  page: Page;
  /** Uncaught errors, console errors and warnings, policy violations, requests to other hosts. */
  complaints: string[];
}

/**
 * Opens a new page that is watched from its first byte. Chromium's own log entries for responses of 400 or more are left
 * out, because tests of errors cause them on purpose.
 */
export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, ...options });
  const page = await context.newPage();
  // Catches hanging pages, not slow ones, like all time limits of the tests.
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
  // Listens from the start, because a file chooser that opens before it is intercepted would be the system's.
  page.on('filechooser', () => {});
  await prepare(page);
  await page.goto(url);
  return { page, complaints };
}
