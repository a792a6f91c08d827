// The counters of the four elements.

import { el, oncePerFrame, say } from "./dom.js";
import { terms } from "./words.js";

const SHARES = ["alarm", "attended", "verifying", "held", "silent", "unknown", "noted", "ok"];
const TROUBLE = ["alarm", "attended", "verifying", "held"];

export function counters(store) {
  const cards = [...document.querySelectorAll("[data-element]")].map((card) => ({
    card,
    meter: card.querySelector(".meter"),
    counts: Object.fromEntries([...card.querySelectorAll("[data-count]")].map((one) => [one.dataset.count, one])),
  }));
  for (const { meter } of cards) {
    meter.append(...SHARES.map((standing) => el("i", { "data-share": standing, title: terms.standing[standing] })));
    for (const bar of meter.children) bar.style.background = `var(--${bar.dataset.share})`;
  }
  const draw = oncePerFrame(() => {
    for (const { card, meter, counts } of cards) {
      const body = store.elements.get(card.dataset.element);
      if (!body) continue;
      const trouble = TROUBLE.reduce((sum, standing) => sum + body.standing[standing], 0);
      say(counts.trouble, String(trouble));
      for (const name of ["facilities", "orders", "ended"]) say(counts[name], String(body[name]));
      card.classList.toggle("wrong", body.standing.alarm > 0);
      for (const bar of meter.children) {
        bar.style.flexGrow = String(body.standing[bar.dataset.share]);
        bar.hidden = body.standing[bar.dataset.share] === 0;
      }
    }
  });
  store.addEventListener("changed", ({ detail }) => detail.what.has("element") && draw());
  draw();
}
