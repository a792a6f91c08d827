// The list as it is drawn: a card for each order, the most urgent first, and what became of our answers.

import { el, say } from "./dom.js";
import { byUrgency, colour, limits, projected } from "./projected.js";
import { isOpen } from "./store.js";
import { clock, isQuantity, language, long, measured, named, refusal, word } from "./words.js";

// As they are offered; the first that may be is the large one.
const OFFERED = ["accept", "resume", "arrive", "done", "confirm", "grant", "refuse", "extend", "hold", "decline"];
const drawn = new Map();
const unfolded = new Set();

/** Draw what became different. `act(row, action)` is told of taps. */
export function draw(list, answers, now, act) {
  const rows = byUrgency(
    list.map((row) => {
      const { state, may, pending } = projected(row, answers);
      const running = limits(row.order, state, now);
      return { ...row, state, may, pending, running, colour: colour(running) };
    }),
  );
  const place = document.getElementById("orders");
  const cards = rows.map((row) => {
    const mark = JSON.stringify([language, row.order, row.state, row.may, row.colour, row.pending.map(answerMark)]);
    const before = drawn.get(row.order.order);
    if (before?.mark === mark) return before.card;
    const card = made(row, now, act);
    drawn.set(row.order.order, { mark, card });
    return card;
  });
  const there = new Set(rows.map((row) => row.order.order));
  for (const id of drawn.keys()) if (!there.has(id)) drawn.delete(id);
  if (cards.length !== place.children.length || cards.some((card, n) => place.children[n] !== card)) {
    const held = document.activeElement?.id;
    place.replaceChildren(...cards);
    if (held) document.getElementById(held)?.focus();
  }
  document.getElementById("none").hidden = cards.length > 0;
  tick(now);
}

/** Time goes by. */
export function tick(now) {
  for (const one of document.querySelectorAll("[data-until]")) {
    const left = Number(one.dataset.until) - now;
    say(one, word(left >= 0 ? "left" : "late", { t: long(Math.abs(left)) }));
  }
}

/** Our answers and what became of them, the newest first. */
export function drawAnswers(answers, now) {
  const rows = [...answers].reverse().map((one) => {
    const photos = one.photos.length ? ` · ${word("n.photos", { n: one.photos.length })}` : "";
    const lost = one.photos.find((photo) => photo.why);
    const text = [one.reason, one.note].filter(Boolean).join("; ");
    return el(
      "li",
      { "data-standing": one.standing, "data-id": one.id },
      el("p", {}, el("strong", {}, word(`act.${one.action}`)), ` · ${one.case} · ${clock(Date.parse(one.at), now)}`),
      text || photos ? el("p", { class: "soft" }, `${text}${photos}`) : "",
      el("p", { class: "standing" }, word(`sent.${one.standing}`, { why: refusal(one.why ?? "") })),
      lost ? el("p", { class: "standing" }, word("photo.refused", { why: refusal(lost.why) })) : "",
    );
  });
  document.getElementById("answers").replaceChildren(...rows);
  document.getElementById("answers-none").hidden = rows.length > 0;
  document.getElementById("clear").hidden = !answers.some((one) => !isOpen(one));
  const waiting = answers.filter(isOpen).length;
  const told = document.getElementById("waiting");
  told.hidden = waiting === 0;
  say(told.querySelector("strong"), word("waiting", { n: waiting }));
}

const answerMark = ({ id, standing }) => [id, standing];

function made(row, now, act) {
  const { order } = row;
  const card = el("li", { class: "card", id: order.order, "data-colour": row.colour, "data-state": row.state });
  card.append(head(row), where(row), task(row, now), deadlines(row, now));
  if (row.pending.length) {
    const waits = row.pending.map((one) => `${word(`act.${one.action}`)} · ${word(`sent.${one.standing}`)}`);
    card.append(el("p", { class: "pending" }, waits.join("; ")));
  }
  if (!row.mine) card.append(el("p", { class: "soft" }, word("with", { crew: named(row.with) })));
  card.append(buttons(row, act), more(row, now));
  return card;
}

function head({ order, state, running, colour: how }) {
  const marks = [];
  if (order.rework) marks.push(word("rework", { n: order.rework }));
  if (order.recovered) marks.push(word("recovered"));
  const next = running[0];
  return el(
    "header",
    { class: "head" },
    el("p", { class: "urgent" }, el("b", { class: "priority" }, order.priority), how === "still" ? "" : el("span", {}, word(`colour.${how}`)), next ? el("b", { class: "left", "data-until": next.until }) : el("b", { class: "left" }, word(`state.${state}`))),
    el("h3", {}, named(order.title)),
    el("p", { class: "state" }, [next ? word(`state.${state}`) : "", ...marks].filter(Boolean).join(" · ")),
  );
}

function where({ order, map }) {
  const spot = [
    order.place.pole ? word("pole", { pole: order.place.pole }) : "",
    order.place.chainage ? word("chainage", { at: order.place.chainage }) : "",
    order.members.length ? word("members", { n: order.members.length }) : "",
  ].filter(Boolean);
  return el(
    "div",
    { class: "where" },
    el("p", {}, el("b", {}, named(order.place)), spot.map((one) => el("span", { class: "spot" }, one))),
    map ? el("a", { class: "button", href: map[language], target: "_blank", rel: "noopener noreferrer" }, word("map")) : "",
  );
}

function task({ order }, now) {
  const lines = [el("p", { class: "do" }, named(order.do))];
  if (order.caution) lines.push(el("p", { class: "caution" }, el("b", {}, `⚠ ${word("caution")}: `), named(order.caution)));
  if (order.materials) lines.push(el("p", {}, `${word("materials")}: ${named(order.materials)}`));
  if (order.held) {
    const at = order.held.until ? clock(Date.parse(order.held.until), now) : "";
    const key = order.held.for === "window" || order.held.for === "stop" ? `held.${order.held.for}` : "held";
    lines.push(el("p", {}, word(key, { at, why: order.held.why })));
  }
  if (order.asked) lines.push(el("p", {}, word("asked", { at: clock(Date.parse(order.asked.until), now), why: order.asked.why })));
  return el("div", { class: "task" }, lines);
}

function deadlines({ running }, now) {
  const rows = running.map(({ name, until, colour: how }) =>
    el("li", { "data-colour": how }, el("span", {}, word(`limit.${name}`)), el("b", {}, clock(until, now)), el("span", { "data-until": until })),
  );
  return el("ul", { class: "limits" }, rows);
}

function buttons(row, act) {
  const [first, ...rest] = OFFERED.filter((one) => row.may.includes(one));
  const button = (action, strong) =>
    el(
      "button",
      { class: `button${strong ? " strong" : ""}`, type: "button", id: `${action}-${row.order.order}`, "data-act": action, onclick: () => act(row, action) },
      word(`act.${action}`),
    );
  return el("div", { class: "acts" }, first ? button(first, true) : "", rest.map((one) => button(one, false)));
}

function more({ order, parties }, now) {
  const values = { ...order.why, ...(typeof order.why.values === "object" ? order.why.values : {}) };
  const why = Object.entries(values).filter(([name, value]) => isQuantity(name) && typeof value !== "object");
  const since = word("since", { at: clock(Date.parse(order.why.since), now) });
  const lines = [
    [word("case"), order.case],
    [word("why"), [...why.map(([name, value]) => measured(name, value)), since].join(", ")],
    ...["territorial", "functional", "owner"].filter((role) => parties[role]).map((role) => [word(`party.${role}`), named(parties[role])]),
  ];
  const fold = el("details", { open: unfolded.has(order.order) }, el("summary", {}, word("more")), el("dl", {}, lines.flatMap(([what, said]) => [el("dt", {}, what), el("dd", {}, said)])));
  fold.addEventListener("toggle", () => (fold.open ? unfolded.add(order.order) : unfolded.delete(order.order)));
  return fold;
}
