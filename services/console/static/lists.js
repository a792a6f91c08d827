// Alarms and orders, newest first, each changed where it stands.

import { el, oncePerFrame, say } from "./dom.js";
import { lamp, lit } from "./lamps.js";
import { clock, named, terms, word } from "./words.js";

const SHOWN = 60;
const ENDED = new Set(["closed", "withdrawn", "void", "merged"]);
const WAY = ["dispatched", "accepted", "arrived", "done", "closed"];
export const STANDS = { draft: "alarm", open: "alarm", dispatched: "alarm", accepted: "attended", arrived: "attended" };
Object.assign(STANDS, { on_hold: "held", done: "verifying", verified: "verifying", closed: "ok", withdrawn: "silent", void: "silent", merged: "ok" });

/** Keep the list of orders. */
export function orderList(store, map) {
  const list = new Cases(document.getElementById("orders"), document.getElementById("orders-none"), {
    key: (id, order) =>
      `${order.revision} ${order.state} ${order.crew} ${order.overdue} ${order.members} ${lamp(order, store.now)?.colour}`,
    draw: (order) => drawOrder(store, order),
    ended: (order) => ENDED.has(order.state),
    press: (order) => map.show(order.facility),
    place: (order) => order.facility,
  });
  const count = document.getElementById("orders-count");
  keep(store, "order", list, map, () => {
    const running = [...store.orders.values()].filter((one) => !ENDED.has(one.state)).length;
    say(count, `${running} ${word("in hand")}`);
    return newest(store.orders, (one) => ENDED.has(one.state));
  });
}

/** Keep the list of alarms. */
export function alarmList(store, map) {
  const list = new Cases(document.getElementById("alarms"), document.getElementById("alarms-none"), {
    key: (id, alarm) => `${alarm.state} ${alarm.order} ${alarm.members.length}`,
    draw: (alarm) => drawAlarm(store, alarm),
    ended: (alarm) => alarm.state !== "open",
    press: (alarm) => map.show(alarm.facility),
    place: (alarm) => alarm.facility,
  });
  const count = document.getElementById("alarms-count");
  keep(store, "alarm", list, map, () => {
    const open = [...store.alarms.values()].filter((one) => one.state === "open");
    const noted = open.filter(isNoted).length;
    say(count, [`${open.length - noted} ${word("open")}`, noted && `${noted} ${terms.standing.noted}`].filter(Boolean).join(" · "));
    return newest(store.alarms, (one) => (one.state !== "open" ? 2 : Number(isNoted(one))));
  });
}

/** 待办: nobody is sent for it; somebody will be there with the next round. */
function isNoted(alarm) {
  return alarm.state === "open" && !alarm.order;
}

function keep(store, what, list, map, wanted) {
  const draw = oncePerFrame(() => list.show(wanted(), map.chosen));
  store.addEventListener("changed", ({ detail }) => {
    if (detail.whole) list.begun = false; // what is there at the beginning is no news
    if (detail.what.has(what) || (what === "order" && detail.what.has("pace"))) draw();
  });
  map.addEventListener("chosen", draw);
}

/** By `rank` (what runs before what has ended), and the newest first. */
function newest(kept, rank) {
  const found = [...kept].sort(([, a], [, b]) => rank(a) - rank(b) || b.opened - a.opened);
  return found.slice(0, SHOWN);
}

class Cases {
  constructor(list, none, how) {
    this.list = list;
    this.none = none;
    this.how = how;
    this.rows = new Map();
    this.begun = false;
  }

  show(wanted, chosen) {
    const { how, list, rows } = this;
    const there = new Set(wanted.map(([id]) => id));
    for (const [id, row] of rows) {
      if (there.has(id)) continue;
      row.item.remove();
      rows.delete(id);
    }
    wanted.forEach(([id, body], n) => {
      let row = rows.get(id);
      const key = how.key(id, body);
      if (!row) {
        const button = el("button", { type: "button", onclick: () => how.press(row.body) });
        row = { item: el("li", { class: "case" }, button), button, key: null, body };
        rows.set(id, row);
      }
      row.body = body;
      if (row.key !== key) {
        row.button.replaceChildren(...how.draw(body));
        row.item.classList.toggle("ended", how.ended(body));
        if (this.begun) this.#freshen(row.item);
        row.key = key;
      }
      row.item.classList.toggle("chosen", how.place(body) === chosen);
      if (list.children[n] !== row.item) list.insertBefore(row.item, list.children[n] ?? null);
    });
    this.none.hidden = wanted.length > 0;
    list.hidden = wanted.length === 0;
    this.begun = true;
  }

  #freshen(item) {
    item.classList.remove("fresh");
    requestAnimationFrame(() => item.classList.add("fresh"));
  }
}

export function where(store, id) {
  const one = store.facilities.get(id);
  return one ? named(one.name) : id;
}

/** What a rule is about. */
export function titled(store, rule) {
  return named(store.chart.rules[rule] ?? [rule, rule]);
}

function drawOrder(store, order) {
  const crew = store.chart.crews[order.crew];
  const who = [crew ? named(crew.name) : order.crew, order.desk ? word("desk") : ""].filter(Boolean).join(" ");
  const many = order.members > 1 ? ` · ${word("group", { n: order.members })}` : "";
  return [
    el("span", { class: "line" },
      el("span", { class: "priority", "data-priority": order.priority }, order.priority),
      el("span", { class: "grow what" }, `${named([order.title.en, order.title.zh])}${many}`),
      el("span", { class: "state", "data-standing": STANDS[order.state] }, terms.state[order.state] ?? order.state),
    ),
    el("span", { class: "line soft" },
      el("span", { class: "grow" }, where(store, order.facility)),
      el("span", { class: "time" }, clock(order.opened)),
    ),
    ENDED.has(order.state) ? null : way(order),
    el("span", { class: "line soft" },
      el("span", { class: "grow" }, [order.case, who].filter(Boolean).join(" · ")),
      lit(order, store.now) ?? (order.overdue ? el("span", { class: "bad" }, word("overdue")) : null),
      order.reworks ? el("span", { class: "bad" }, word("rework", { n: order.reworks })) : null,
      order.closed_by === "telemetry" ? el("span", {}, word("by.telemetry")) : null,
    ),
  ].filter(Boolean);
}

/** Sent, accepted, on site, done, closed: how far it has come. */
function way(order) {
  const state = { open: "dispatched", draft: "dispatched", verified: "done" }[order.state] ?? order.state;
  const come = WAY.indexOf(state === "on_hold" ? "accepted" : state);
  const steps = WAY.map((step, n) => {
    const name = [n <= come ? "past" : "", n === come ? "now" : ""].filter(Boolean).join(" ");
    return el("span", { class: name, title: n <= come && order[step] ? clock(order[step]) : null }, terms.state[step]);
  });
  return el("span", { class: "way" }, ...steps);
}

function drawAlarm(store, alarm) {
  const open = alarm.state === "open";
  const standing = isNoted(alarm) ? "noted" : open ? "alarm" : "ok";
  const state = { alarm: word("open"), noted: terms.standing.noted, ok: word("cleared") }[standing];
  const many = alarm.members.length > 1 ? ` · ${word("group", { n: alarm.members.length })}` : "";
  return [
    el("span", { class: "line" },
      el("span", { class: "grow what" }, `${titled(store, alarm.rule)}${many}`),
      el("span", { class: "state", "data-standing": standing }, state),
    ),
    el("span", { class: "line soft" },
      el("span", { class: "grow" }, where(store, alarm.facility)),
      el("span", { class: "time" }, clock(open ? alarm.opened : (alarm.until ?? alarm.opened))),
    ),
  ];
}

