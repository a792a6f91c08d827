// What is known of the facility that was chosen.

import { el, oncePerFrame } from "./dom.js";
import { where, STANDS } from "./lists.js";
import { lit } from "./lamps.js";
import { glyphsIn } from "./marks.js";
import { clock, clockSeconds, measured, named, terms, word } from "./words.js";

const NAMED = /photo:([0-9a-f]{32})/g; // as docs/crew.md has it
const HIDDEN = new Set(["rssi", "snr", "battery"]);

export function details(store, map) {
  const panel = document.getElementById("details");
  const photos = new Photos();
  const draw = oncePerFrame(() => {
    const one = store.facilities.get(map.chosen);
    panel.hidden = !one;
    if (one) panel.replaceChildren(...shown(store, map, one, photos, draw));
    glyphsIn(panel);
  });
  map.addEventListener("chosen", draw);
  store.addEventListener("changed", ({ detail }) => map.chosen && detail.what.has("facility") && draw());
}

/** In a line, for the tip. */
export function described(one) {
  return `${named(one.name)} · ${terms.kind[one.kind]} · ${terms.standing[one.now.standing]}`;
}

function shown(store, map, one, photos, draw) {
  const { now } = one;
  const order = store.orders.get(now.order);
  const zone = store.chart.zones[one.zone];
  const values = Object.entries(now.values).filter(([name]) => !HIDDEN.has(name));
  const close = el("button", { class: "button icon", type: "button", "aria-label": word("close"), onclick: () => {
    map.choose(null);
    map.canvas.focus();
  } }, "×");
  return [
    el("header", {}, el("div", {},
      el("h2", {}, named(one.name)),
      el("p", { class: "soft" }, [terms.kind[one.kind], zone ? named(zone.name) : one.zone, one.id].join(" · ")),
    ), close),
    el("p", { class: "stands", "data-standing": now.standing },
      el("canvas", { class: "glyph", "data-standing": now.standing, "data-kind": one.kind, width: 44, height: 44 }),
      terms.standing[now.standing],
    ),
    order ? el("p", {},
      el("span", { class: "priority", "data-priority": order.priority }, order.priority), " ",
      `${named([order.title.en, order.title.zh])} · `,
      el("span", { class: "state", "data-standing": STANDS[order.state] }, terms.state[order.state]),
      el("br"),
      el("span", { class: "soft" }, [
        order.case, store.chart.crews[order.crew] ? named(store.chart.crews[order.crew].name) : order.crew,
        clock(order.opened), order.facility === one.id ? "" : where(store, order.facility),
      ].filter(Boolean).join(" · ")),
      el("br"), lit(order, store.now),
    ) : null,
    order ? gallery(store, photos.of(now.order, order.revision, draw)) : null,
    values.length ? el("dl", {}, ...values.flatMap(([name, value]) => {
      const [label, text] = measured(name, value);
      return [el("dt", {}, label), el("dd", {}, text)];
    })) : null,
    el("p", { class: "soft" }, now.at ? word("heard", { at: clockSeconds(now.at) }) : word("never")),
  ].filter(Boolean);
}

/** What a crew photographed, as the history of an order names it: asked for when it is looked at, once a revision. */
class Photos {
  #of = "";
  #found = [];

  of(order, revision, draw) {
    const wanted = `${order} ${revision}`;
    if (wanted !== this.#of) {
      if (!this.#of.startsWith(`${order} `)) this.#found = [];
      this.#of = wanted;
      this.#ask(order).then((found) => {
        if (this.#of !== wanted || !found.length) return;
        this.#found = found;
        draw();
      }, () => null); // without them the rest is shown all the same
    }
    return this.#found;
  }

  async #ask(order) {
    const answer = await fetch(`/api/v1/orders/${encodeURIComponent(order)}`);
    if (!answer.ok) return [];
    const { history } = await answer.json();
    return history.flatMap(({ why, who, at }) => [...why.matchAll(NAMED)].map(([, photo]) => ({ photo, who, at: Date.parse(at) })));
  }
}

function gallery(store, photos) {
  if (!photos.length) return null;
  const crew = (id) => (store.chart.crews[id] ? named(store.chart.crews[id].name) : id);
  const items = photos.map(({ photo, who, at }, n) => {
    const [src, alt] = [`/api/v1/photos/${photo}`, word("photo", { n: n + 1, who: crew(who), at: clock(at) })];
    const item = el("li", {}, el("a", { href: src, target: "_blank", rel: "noopener", title: alt }, el("img", { src, alt, loading: "lazy", onerror: () => item.remove() })));
    return item;
  });
  return el("ul", { class: "photos", "aria-label": word("photos") }, ...items);
}
