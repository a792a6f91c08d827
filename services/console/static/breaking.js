// In the demo: break something, and watch what becomes of it.

import { say } from "./dom.js";
import { where } from "./lists.js";
import { word } from "./words.js";

export function breaking(store, map) {
  const said = document.getElementById("breaking-said");
  const slow = document.getElementById("breaking-slow");
  if (!said) return;
  store.addEventListener("changed", ({ detail }) => {
    if (detail.what.has("pace")) say(slow, store.pace.speed === 1 ? word("break.slow") : "");
  });
  for (const button of document.querySelectorAll("[data-break]")) {
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        const answer = await fetch("/live/break", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify({ what: button.dataset.break }),
        });
        if (answer.ok) {
          const { facility } = await answer.json();
          say(said, word("break.done", { where: where(store, facility) }));
          map.show(facility, { closer: 2 });
        } else say(said, word(answer.status === 409 ? "break.none" : "break.failed"));
      } catch {
        say(said, word("break.failed"));
      } finally {
        button.disabled = false;
      }
    });
  }
}
