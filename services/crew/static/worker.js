// Keeps the page where there is no network, and sends what waits when it is back, also when the page is closed.

import { sendAll, TAG } from "./sending.js";
import { crewAt } from "./store.js";

const FILES = [
  "asking.js",
  "cards.js",
  "crew.css",
  "dark.css",
  "dom.js",
  "main.js",
  "mark.svg",
  "photo.js",
  "projected.js",
  "sending.js",
  "store.js",
  "words.js",
  "worker.js",
];
const PATIENCE_MS = 4_000; // then the page of before is better than none
const root = new URL(self.registration.scope).pathname;
const folder = new URL(".", self.location.href).pathname;
const mine = `crew ${root} `;
const cacheName = mine + folder;

self.addEventListener("install", (event) => {
  const kept = caches.open(cacheName).then((cache) => cache.addAll([root, ...FILES.map((name) => folder + name)]));
  event.waitUntil(kept.then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => names.filter((name) => name.startsWith(mine) && name !== cacheName))
      .then((old) => Promise.all(old.map((name) => caches.delete(name))))
      .then(() => self.clients.claim()),
  );
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && pathname === root) event.respondWith(pageFirst(request));
  else if (pathname.startsWith("/crew/static/")) event.respondWith(keptFirst(request));
});

self.addEventListener("sync", (event) => {
  if (event.tag === TAG) event.waitUntil(sendEverything());
});

async function pageFirst(request) {
  const cache = await caches.open(cacheName);
  try {
    const page = await fetch(request, { signal: AbortSignal.timeout(PATIENCE_MS) });
    if (page.ok) await cache.put(root, page.clone());
    if (page.status < 500) return page;
  } catch {
    // no network: below
  }
  return (await cache.match(root)) ?? Response.error();
}

async function keptFirst(request) {
  return (await caches.match(request)) ?? fetch(request);
}

/** Where something is left over the browser is to try again: it does when this fails. */
async function sendEverything() {
  const crew = await crewAt(root);
  if (crew && (await sendAll(root, crew)) === "later") throw new Error("later");
}
