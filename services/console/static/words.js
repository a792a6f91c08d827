// What the page says, in the language that the server chose; times in the zone of the coast.

const given = JSON.parse(document.getElementById("words").textContent);

export const language = given.language;
export const terms = given.terms;

/** The word, with `{name}` filled in. */
export function word(key, filled = {}) {
  return given.w[key].replace(/\{(\w+)\}/g, (_, name) => filled[name] ?? "");
}

/** Of a pair [English, Chinese]. */
export function named(pair) {
  return pair[language === "zh" ? 1 : 0];
}

let zone = "UTC";
const formats = new Map();

export function inZone(name) {
  zone = name;
  formats.clear();
}

function format(name, options) {
  if (!formats.has(name)) {
    const locale = language === "zh" ? "zh-CN" : "en-GB";
    formats.set(name, new Intl.DateTimeFormat(locale, { timeZone: zone, hourCycle: "h23", ...options }));
  }
  return formats.get(name);
}

export function clock(at) {
  return format("clock", { hour: "2-digit", minute: "2-digit" }).format(at);
}

/** The same; with the day where that is not the day of `now`. */
export function dayless(at, now) {
  const day = format("date", { month: "short", day: "numeric" });
  return day.format(at) === day.format(now) ? clock(at) : `${day.format(at)} ${clock(at)}`;
}

export function clockSeconds(at) {
  return format("seconds", { hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
}

export function dayAndClock(at) {
  const day = { month: "short", day: "numeric", weekday: "short" };
  return format("day", { ...day, hour: "2-digit", minute: "2-digit", second: "2-digit" }).format(at);
}

/** A measured value with its name and unit. */
export function measured(quantity, value) {
  const [name, unit] = terms.quantity[quantity] ?? [quantity, ""];
  if (typeof value === "boolean") return [name, word(value ? "yes" : "no")];
  if (typeof value !== "number") return [name, String(value)];
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  const shown = { Cel: "°C", deg: "°", "%RH": "%" }[unit] ?? unit;
  return [name, `${value.toLocaleString("en", { maximumFractionDigits: digits })}${shown ? ` ${shown}` : ""}`];
}
