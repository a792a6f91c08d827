// Begins the page: asks for the chart, opens the socket, and lets each part draw what it is for.

import { breaking } from "./breaking.js";
import { themeSwitch, onTheme } from "./colours.js";
import { counters } from "./counters.js";
import { described, details } from "./details.js";
import { oncePerFrame, say } from "./dom.js";
import { handle } from "./hands.js";
import { alarmList, orderList, titled, where } from "./lists.js";
import { Live } from "./live.js";
import { CoastMap } from "./map.js";
import { glyphsIn } from "./marks.js";
import { signOut } from "./signout.js";
import { Store } from "./store.js";
import { clockSeconds, dayAndClock, inZone, word } from "./words.js";

const here = (id) => document.getElementById(id);
const ANNOUNCE_MS = 3_000;

/** Whether we are live, and if not, since when and what is done about it. */
function pulse(live, store) {
  let seen = null;
  store.addEventListener("changed", () => (seen = store.pace.at ?? seen));
  live.addEventListener("state", ({ detail: { state, seconds } }) => {
    here("pulse").dataset.live = state;
    say(here("pulse-text"), word(`live.${state}`));
    here("lost").hidden = state !== "lost";
    if (state !== "lost") return;
    say(here("lost-why"), word("live.lost.why", { at: seen ? clockSeconds(seen) : "–", s: seconds }));
  });
  here("lost-again").addEventListener("click", () => live.tryNow());
}

/** How the service stands, and its time. */
function facts(store) {
  const draw = oncePerFrame(() => {
    const { at, rate, speed } = store.pace;
    const status = store.status.status?.replace(" ", "_");
    if (status) {
      here("fact-status").dataset.status = status;
      say(here("fact-status"), word(`status.${status}`));
      const parts = Object.entries(store.status.parts ?? {}).filter(([, part]) => !part.ok);
      here("fact-status").title = parts.map(([name, part]) => `${name}: ${part.why}`).join("\n");
    }
    if (at === null) return;
    say(here("fact-rate"), word("rate", { n: Math.round(rate).toLocaleString("en") }));
    say(here("fact-speed"), speed === 0 ? word("past") : speed > 1 ? word("speed", { n: speed }) : "");
    say(here("clock"), dayAndClock(at));
    here("clock").dateTime = new Date(at).toISOString();
  });
  store.addEventListener("changed", ({ detail }) => (detail.what.has("status") || detail.what.has("pace")) && draw());
}

/** Say new alarms to those who do not see them, a few at a time. */
function announcing(store) {
  let waiting = [];
  let timer = 0;
  store.addEventListener("changed", ({ detail }) => {
    for (const alarm of detail.opened) {
      const what = titled(store, alarm.rule);
      waiting.push(word("announce", { what, where: where(store, alarm.facility) }));
    }
    if (!waiting.length || timer) return;
    timer = setTimeout(() => {
      here("announce").textContent = waiting.slice(-3).join("; ");
      waiting = [];
      timer = 0;
    }, ANNOUNCE_MS);
  });
}

async function begin() {
  themeSwitch(here("theme"));
  glyphsIn(document);
  onTheme(() => glyphsIn(document));
  const answer = await fetch("/live/chart");
  if (!answer.ok) throw new Error(`the chart: ${answer.status}`);
  const chart = await answer.json();
  inZone(chart.zone);
  const store = new Store(chart);
  const map = new CoastMap(here("map"), store);
  handle(map, here("tip"), described);
  details(store, map);
  orderList(store, map);
  alarmList(store, map);
  counters(store);
  facts(store);
  announcing(store);
  breaking(store, map);
  signOut(here("signout"));
  const live = new Live(store);
  pulse(live, store);
  store.addEventListener("changed", () => (document.documentElement.dataset.alive = "yes"), { once: true });
  live.open();
}

begin().catch(() => {
  here("pulse").dataset.live = "lost";
  say(here("pulse-text"), word("live.lost"));
  setTimeout(() => location.reload(), 5_000);
});
