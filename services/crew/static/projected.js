// How an order stands once everything that waits on the phone is taken, and how urgent it is.

import { isOpen } from "./store.js";
import { given } from "./words.js";

const RUNNING = {
  dispatched: ["accept", "arrive", "finish"],
  accepted: ["arrive", "finish"],
  arrived: ["finish"],
};
const RANK = { red: 0, yellow: 1, green: 2, still: 3 };

/** Its state and what may be answered, with the answers that are still to be judged taken as good. */
export function projected(row, answers) {
  const pending = answers.filter((one) => one.order === row.order.order && isOpen(one));
  if (!pending.length) return { state: row.order.state, may: row.may, pending };
  let state = row.order.state;
  for (const { action } of pending) state = given.becomes[action]?.[state] ?? state;
  const asked = pending.some((one) => one.action === "extend") || row.order.asked;
  const ours = Object.keys(given.becomes).filter((action) => state in given.becomes[action]);
  const may = ours.filter((one) => !(one === "extend" && asked) && !(one === "decline" && given.desk));
  const over = state === "done" || state === "open" || !row.mine;
  return { state, may: over ? [] : may, pending };
}

/** The limits that run, the next one first: what, until when, and its colour now. */
export function limits(order, state, now) {
  const found = (RUNNING[state] ?? []).filter((name) => order.limits[name]);
  const all = found.map((name) => {
    const [until, yellow] = [Date.parse(order.limits[name]), Date.parse(order.yellow[name] ?? order.limits[name])];
    return { name, until, colour: now >= until ? "red" : now >= yellow ? "yellow" : "green" };
  });
  return all.sort((a, b) => a.until - b.until);
}

/** The colour of an order: of the worst of its limits. */
export function colour(running) {
  return running.reduce((worst, { colour: one }) => (RANK[one] < RANK[worst] ? one : worst), "still");
}

/** The most urgent first: by colour, priority, and what runs out next. */
export function byUrgency(rows) {
  const next = (row) => row.running[0]?.until ?? Infinity;
  return [...rows].sort(
    (a, b) =>
      RANK[a.colour] - RANK[b.colour] ||
      a.order.priority.localeCompare(b.order.priority) ||
      next(a) - next(b) ||
      a.order.order.localeCompare(b.order.order),
  );
}
