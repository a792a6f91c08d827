// What the page says, in either tongue, without asking anybody; times in the zone of the coast.

export const given = JSON.parse(document.getElementById("given").textContent);
const KEPT = "tidewalk-crew-language";
export let language = localStorage.getItem(KEPT) ?? given.language;

export function speak(other) {
  language = other;
  localStorage.setItem(KEPT, other);
  formats.clear();
}

/** The word, with `{name}` filled in. */
export function word(key, filled = {}) {
  return given.tongues[language].w[key].replace(/\{(\w+)\}/g, (_, name) => filled[name] ?? "");
}

/** Of {en, zh}. */
export const named = (both) => both?.[language] ?? "";

/** Everything in the page that was there before us. */
export function sayAll() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = `${named(given.name)} · ${word("title")}`;
  for (const one of document.querySelectorAll("[data-word]")) one.textContent = word(one.dataset.word);
  for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", word(one.dataset.label));
}

const formats = new Map();

function format(name, options) {
  if (!formats.has(name)) {
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    formats.set(name, new Intl.DateTimeFormat(locale, { timeZone: given.zone, hourCycle: "h23", ...options }));
  }
  return formats.get(name);
}

/** The local time; with the day where that is not today. */
export function clock(at, now) {
  const time = format("clock", { hour: "2-digit", minute: "2-digit" }).format(at);
  const day = format("day", { month: "short", day: "numeric", weekday: "short" });
  return day.format(at) === day.format(now) ? time : `${day.format(at)} ${time}`;
}

/** How long: two figures at most. */
export function long(ms) {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  const [d, h, m] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (d) return word("days", { d, h });
  return h ? word("hours", { h, m }) : word("minutes", { m });
}

/** A measured value with its name and unit. */
export function measured(quantity, value) {
  const [name, unit] = given.tongues[language].terms.quantity[quantity];
  if (typeof value !== "number") return value === true ? name : `${name} ${value === false ? "✕" : value}`;
  const shown = { Cel: "°C", deg: "°", "%RH": "%" }[unit] ?? unit;
  return `${name} ${value.toLocaleString("en", { maximumFractionDigits: 1 })}${shown ? ` ${shown}` : ""}`;
}

export const isQuantity = (name) => name in given.tongues[language].terms.quantity;

/** Why something was not taken, in our words as far as there are any. */
export function refusal(why) {
  for (const [en, zh] of given.refusals) {
    const found = why.match(shaped(en));
    if (found) return filled(language === "zh" ? zh : en, found.groups);
  }
  return why;
}

const shapes = new Map();

function shaped(text) {
  if (!shapes.has(text)) {
    const plain = text.replace(/[.*+?^$()|[\]\\]/g, "\\$&");
    shapes.set(text, new RegExp(`^${plain.replace(/\{(\w+)\}/g, "(?<$1>.+)")}$`));
  }
  return shapes.get(text);
}

function filled(text, found) {
  const step = (one) => given.tongues[language].w[`act.${one}`] ?? one;
  const ways = {
    step,
    steps: (all) => all.split(", ").map(step).join(language === "zh" ? "、" : ", "),
    state: (one) => given.tongues[language].terms.state[one] ?? one,
    crew: (one) => named(given.crews[one]) || one,
  };
  return text.replace(/\{(\w+)\}/g, (_, name) => (ways[name] ?? String)(found[name]));
}
