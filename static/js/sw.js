// Serves one page, with its style, when there is no network. Nothing else is kept: what this product shows must never be stale.
const STORE = "offline-1", PAGE = "/offline/";

async function keep() {
  const store = await caches.open(STORE);
  const answer = await fetch(PAGE);
  const page = await answer.clone().text();
  await store.put(PAGE, answer);
  const parts = [...page.matchAll(/(?:href|src)="(\/static\/[^"]+)"/g)].map(found => found[1]);
  await store.addAll([...new Set(parts)]);   // it refuses to be asked twice for the same
}

addEventListener("install", event => event.waitUntil(keep().then(() => skipWaiting())));
addEventListener("activate", event => event.waitUntil(clients.claim()));
addEventListener("fetch", event => {
  const { request } = event;
  if (request.mode === "navigate") event.respondWith(fetch(request).catch(() => caches.match(PAGE)));
  else if (new URL(request.url).pathname.startsWith("/static/")) event.respondWith(fetch(request).catch(async () => await caches.match(request) || Response.error()));
});
