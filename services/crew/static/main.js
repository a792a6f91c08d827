// The page: draws what the phone has, asks for what is new, and sends what waits.

import { ask, isAsked } from "./asking.js";
import { draw, drawAnswers, tick } from "./cards.js";
import { say } from "./dom.js";
import { sendAll, TAG } from "./sending.js";
import { answersOf, forgetAnswer, isOpen, keepAnswer, keepLink, keepList, listOf } from "./store.js";
import { clock, given, language, named, sayAll, speak, word } from "./words.js";

const root = location.pathname;
const crew = given.crew;
const THEME = "tidewalk-crew-theme";
const KEPT_MS = 24 * 3_600_000; // what was answered longer ago is not shown
const WAIT_S = 25;
let list = { crew, orders: [], etag: "", offset: 0, got: 0 };
let answers = [];
let net = "asking";
let same = false; // whether the last answer had nothing new

const now = () => Date.now() + list.offset; // by the clock of the service

// --- what is shown

async function show() {
  answers = (await answersOf(crew)).filter((one) => isOpen(one) || one.answered > Date.now() - KEPT_MS);
  redraw();
}

function redraw() {
  if (list.got || net === "off") draw(list.orders, answers, now(), act);
  if (!list.got) document.getElementById("none").hidden = true;
  drawAnswers(answers, now());
  sayNet();
}

function sayNet() {
  const place = document.getElementById("net");
  const at = list.got ? clock(list.got + list.offset, now()) : "";
  place.dataset.net = net;
  if (net === "off" && !list.got) say(place, word("net.off.never"));
  else say(place, word(`net.${net}`, { at }));
}

function speakAnew() {
  sayAll();
  say(document.getElementById("crew"), named(given.name));
  redraw();
}

// --- what is answered

async function act(row, action) {
  const { order } = row;
  const finish = order.limits.finish ? Date.parse(order.limits.finish) : null;
  const said = isAsked(action)
    ? await ask(action, `${order.case} · ${named(order.title)}`, now(), finish)
    : { reason: "", note: "", until: "", photos: [] };
  if (said === null) return;
  const answer = { id: fresh(), crew, order: order.order, case: order.case, revision: order.revision, action };
  await keepAnswer({ ...answer, at: new Date(now()).toISOString(), ...said, standing: "queued", why: "" });
  say(document.getElementById("announce"), `${word(`act.${action}`)}: ${word("sent.queued")}`);
  await show();
  const registration = await navigator.serviceWorker?.getRegistration(root);
  await registration?.sync?.register(TAG).catch(() => null); // where there is none, we send it ourselves
  await send();
}

function fresh() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // without TLS there is no randomUUID
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
  return hex.replace(/(.{8})(.{4})(.{4})(.{4})(.{12})/, "$1-$2-$3-$4-$5");
}

async function send() {
  if (!answers.some(isOpen)) return;
  const stopped = await sendAll(root, crew);
  if (stopped === "void") net = "void";
  await show();
  if (stopped === "") wake();
}

// --- what is new

let wake = () => {};

/** For a while, or until something happens that makes it worth trying. */
function rest(ms) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    wake = () => {
      clearTimeout(timer);
      done();
    };
  });
}

async function look(wait) {
  const headers = list.etag ? { "If-None-Match": list.etag } : {};
  const patience = AbortSignal.timeout((wait + 10) * 1_000);
  const got = await fetch(`${root}/orders?wait=${wait}`, { headers, cache: "no-store", credentials: "omit", signal: patience });
  if (got.status === 403) return "void";
  if (!got.ok && got.status !== 304) return "off";
  same = got.status === 304;
  const body = same ? list : await got.json();
  const offset = Number(got.headers.get("Tidewalk-Now")) - Date.now();
  const etag = got.headers.get("ETag") ?? list.etag;
  list = { crew, orders: body.orders, etag, offset, got: Date.now() };
  await keepList(list);
  return "on";
}

async function follow() {
  let failed = 0;
  for (;;) {
    if (document.hidden) await rest(60_000);
    const began = Date.now();
    net = await look(net === "on" ? WAIT_S : 0).catch(() => "off");
    await show();
    if (net === "on") {
      failed = 0;
      await send();
      if (Date.now() - began < 1_000) await rest(same ? 10_000 : 500); // nobody let us wait: too many do
    } else await rest(Math.min(30_000, 2_000 * 2 ** failed++));
  }
}

// --- the page itself

function worker() {
  if (!("serviceWorker" in navigator)) return; // without TLS there is none
  const folder = new URL(".", import.meta.url).pathname;
  const plain = { createScriptURL: (url) => url };
  const policy = globalThis.trustedTypes?.createPolicy(TAG, plain) ?? plain;
  navigator.serviceWorker
    .register(policy.createScriptURL(`${folder}worker.js`), { scope: root, type: "module" })
    .catch(() => null); // the page works without, as long as it is open
}

function theme(chosen) {
  if (chosen) document.getElementById("dark").media = chosen === "dark" ? "all" : "not all";
}

theme(localStorage.getItem(THEME));
document.getElementById("theme").addEventListener("click", () => {
  const after = matchMedia(document.getElementById("dark").media).matches ? "light" : "dark";
  localStorage.setItem(THEME, after);
  theme(after);
});
document.getElementById("language").addEventListener("click", () => {
  speak(language === "zh" ? "en" : "zh");
  speakAnew();
});
document.getElementById("clear").addEventListener("click", async () => {
  for (const one of answers.filter((answer) => !isOpen(answer))) await forgetAnswer(one.n);
  await show();
});
new BroadcastChannel(TAG).addEventListener("message", () => show());
addEventListener("online", () => wake());
addEventListener("offline", () => {
  net = "off";
  sayNet();
});
document.addEventListener("visibilitychange", () => document.hidden || wake());
setInterval(() => {
  tick(now());
  redraw();
}, 15_000);

worker();
list = (await listOf(crew).catch(() => null)) ?? list;
list.etag = ""; // what we have may be of another clock
await keepLink(root, crew).catch(() => null);
speakAnew();
await show();
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
document.documentElement.dataset.alive = "yes";
follow();
