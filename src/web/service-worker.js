/**
 * Keeps the page's own files, so that the installed page opens without the server and can say what is wrong. A file always
 * comes from the server where that answers: no visit sees an old page. Calls of the API are not touched.
 */
const CACHE = 'pawdex-shell';
const FILES = [
  './',
  'main.js',
  'main.css',
  'favicon.svg',
  'example-cat-thumb.webp',
  'example-dog-thumb.webp',
  'manifest.webmanifest',
];
/** Chunks of main.js, and the languages; the build fills them in. */
const CHUNKS = [];
const addresses = new Set([...FILES, ...CHUNKS].map((file) => new URL(file, self.registration.scope).href));

async function keep() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...addresses]);
  await self.skipWaiting();
}

/** The server's answer, or the kept file where there is none. */
async function answer(request, address) {
  const cache = await caches.open(CACHE);
  try {
    const fresh = await fetch(request);
    if (fresh.ok) {
      await cache.put(address, fresh.clone());
    }
    return fresh;
  } catch (error) {
    const kept = await cache.match(address);
    if (kept === undefined) {
      throw error;
    }
    return kept;
  }
}

self.addEventListener('install', (event) => {
  event.waitUntil(keep());
  // Chromium drops what a closing page sends, such as a deletion, if a service worker has to look at it first.
  event.waitUntil(event.addRoutes?.({ condition: { requestMethod: 'POST' }, source: 'network' }));
});
self.addEventListener('activate', (event) => event.waitUntil(self.clients.claim()));
self.addEventListener('fetch', (event) => {
  const { origin, pathname } = new URL(event.request.url);
  const address = origin + pathname;
  if (event.request.method === 'GET' && addresses.has(address)) {
    event.respondWith(answer(event.request, address));
  }
});
