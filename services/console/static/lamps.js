// The lamps of an order (计时灯): green, yellow from 80 % of a limit on, red beyond it. While it is held they stand.

import { el } from "./dom.js";
import { dayless, word } from "./words.js";

const WORST = ["red", "yellow", "green"];

/** The worst of the limits that run at a moment, of these the next one; null where none runs. */
export function lamp(order, now) {
  const at = order.stands ?? now;
  const all = Object.entries(order.clocks).map(([name, [yellow, due]]) => {
    const colour = at > due ? "red" : yellow !== null && at >= yellow ? "yellow" : "green";
    return { name, due, colour };
  });
  return all.sort((a, b) => WORST.indexOf(a.colour) - WORST.indexOf(b.colour) || a.due - b.due)[0] ?? null;
}

/** As it is drawn: its colour is said as well. */
export function lit(order, now) {
  const one = lamp(order, now);
  if (!one) return null;
  const said = [one.colour === "green" ? "" : word(`lamp.${one.colour}`), word(`limit.${one.name}`, { at: dayless(one.due, now) })];
  return el("span", { class: "lamp", "data-lamp": one.colour, title: word(`lamp.${one.colour}`) }, said.filter(Boolean).join(" · "));
}
