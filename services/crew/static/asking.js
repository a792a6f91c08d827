// What has to be said with an answer: reason, time, note and photos, in one dialog.

import { el } from "./dom.js";
import { shrunk } from "./photo.js";
import { language, word } from "./words.js";

const MOST_PHOTOS = 3;
const HOUR = 3_600_000;
const HOURS = { "1h": 1, "2h": 2, "4h": 4, "1d": 24, "3d": 72, "7d": 168 };
const ASKED = {
  done: { said: "cause", choices: ["mended", "cleaned", "replaced", "reset", "false"], photos: true },
  decline: { said: "reason", choices: ["not_ours", "no_access", "no_tools"], needed: true },
  extend: { said: "reason", choices: ["bigger", "parts", "weather", "crowd"], needed: true, times: ["1h", "2h", "4h", "1d"] },
  hold: { said: "reason", choices: ["parts", "weather", "crowd", "permit"], needed: true, times: ["4h", "1d", "3d", "7d"] },
  refuse: { said: "reason", choices: ["other"], needed: true },
};
// The service knows a false alarm by how the reason begins, in either tongue.
const FALSE = { en: "false alarm", zh: "误报" };

export const isAsked = (action) => action in ASKED;

/** Ask; `{reason, note, until, photos}`, or null where it was cancelled. `now` and `finish` are in ms. */
export function ask(action, title, now, finish) {
  const dialog = document.getElementById("asking");
  const form = document.getElementById("asking-form");
  const { said, choices, needed, times, photos } = ASKED[action];
  const taken = [];
  const wrong = el("p", { class: "wrong", role: "alert", id: "asking-wrong" });
  form.replaceChildren(
    el("h2", { id: "asking-title" }, `${word(`act.${action}`)}`),
    el("p", { class: "soft" }, title),
    chosen(said, choices),
    times ? hours(action, times) : "",
    el("label", { for: "asking-note" }, word("note")),
    el("textarea", { id: "asking-note", name: "note", rows: 3, maxlength: 800 }),
    photos ? camera(taken, wrong) : "",
    wrong,
    el(
      "div",
      { class: "acts" },
      el("button", { class: "button", type: "button", id: "asking-cancel" }, word("cancel")),
      el("button", { class: "button strong", type: "submit", value: "send" }, word("send")),
    ),
  );
  return new Promise((done) => {
    const end = (answer) => {
      form.onsubmit = dialog.oncancel = null;
      dialog.close();
      done(answer);
    };
    form.onsubmit = (event) => {
      event.preventDefault();
      const found = read(form, said, needed);
      if (found === null) {
        wrong.textContent = word("needed");
        return;
      }
      const hour = form.elements.namedItem("hours")?.value;
      const from = action === "extend" ? Math.max(finish ?? now, now) : now;
      const until = hour ? new Date(from + HOURS[hour] * HOUR).toISOString() : "";
      end({ ...found, until, photos: taken.map(({ blob }) => ({ blob })) });
    };
    dialog.oncancel = (event) => {
      event.preventDefault();
      end(null);
    };
    form.querySelector("#asking-cancel").onclick = () => end(null);
    dialog.showModal();
  });
}

/** Null where a reason is needed and none was said. */
function read(form, said, needed) {
  const choice = form.elements.namedItem("choice").value;
  const note = form.elements.namedItem("note").value.trim();
  const known = choice === "false" ? FALSE[language] : choice && choice !== "other" ? word(`${said}.${choice}`) : "";
  if (known) return { reason: known, note };
  if (needed && !note) return null;
  return needed ? { reason: note, note: "" } : { reason: "", note };
}

function chosen(said, choices) {
  const all = [...new Set([...choices, "other"])];
  const named = (one) => (one === "other" ? word("other") : word(`${said}.${one}`));
  return el(
    "fieldset",
    { class: "choices" },
    el("legend", {}, word(said)),
    all.map((one) => el("label", {}, el("input", { type: "radio", name: "choice", value: one }), el("span", {}, named(one)))),
  );
}

function hours(action, times) {
  const key = action === "extend" ? "more" : "in";
  return el(
    "fieldset",
    { class: "choices" },
    el("legend", {}, word("until")),
    times.map((one, n) =>
      el(
        "label",
        {},
        el("input", { type: "radio", name: "hours", value: one, checked: n === 0 }),
        el("span", {}, word(`${key}.${one}`)),
      ),
    ),
  );
}

function camera(taken, wrong) {
  const shown = el("ul", { class: "photos" });
  const input = el("input", { type: "file", accept: "image/*", id: "asking-photo", multiple: true, class: "unseen" });
  const draw = () =>
    shown.replaceChildren(
      ...taken.map(({ canvas }, n) =>
        el(
          "li",
          {},
          canvas,
          el("button", { class: "button small", type: "button", "aria-label": word("photo.remove", { n: n + 1 }), onclick: () => (taken.splice(n, 1), draw()) }, "✕"),
        ),
      ),
    );
  input.addEventListener("change", async () => {
    wrong.textContent = "";
    for (const file of input.files) {
      if (taken.length === MOST_PHOTOS) wrong.textContent = word("photo.most", { n: MOST_PHOTOS });
      else
        await shrunk(file).then(
          (one) => taken.push(one),
          () => (wrong.textContent = word("photo.no")),
        );
    }
    input.value = "";
    draw();
  });
  const label = el("label", { for: "asking-photo", class: "button camera" }, word("photo.add"));
  return el("div", { class: "camera-row" }, input, label, shown);
}
