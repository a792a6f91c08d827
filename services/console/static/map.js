// The map: one canvas, drawn anew when something became different, and whoever looks may move in it.

import { Basemap } from "./basemap.js";
import { colours, onTheme } from "./colours.js";
import { Crews } from "./crews.js";
import { oncePerFrame } from "./dom.js";
import { stamp } from "./marks.js";
import { TROUBLED, WORST_FIRST } from "./store.js";
import { Projection, View } from "./view.js";

const RIPPLE_MS = 3_600;
const REACH = 6; // pixels beside a mark that still mean it
const RATIO_MOST = 2;
const ROOM = 1.4; // zoom from which things in one place are laid side by side
const TOGETHER_M = 14;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class CoastMap extends EventTarget {
  #context;
  #ratio = 1;
  #troubled = 0;
  #layers = new Map([...WORST_FIRST].reverse().map((standing) => [standing, []])); // the worst on top

  constructor(canvas, store) {
    super();
    this.canvas = canvas;
    this.store = store;
    this.#context = canvas.getContext("2d", { alpha: false });
    const places = [...store.facilities.values()].sort((a, b) => (b.kind === "light") - (a.kind === "light")); // lamps below
    const lats = places.map((one) => one.lat);
    const lons = places.map((one) => one.lon);
    const ends = [Math.min(...lats), Math.min(...lons), Math.max(...lats), Math.max(...lons)];
    this.projection = new Projection((ends[0] + ends[2]) / 2, (ends[1] + ends[3]) / 2);
    for (const one of places) [one.x, one.y] = this.projection.point([one.lat, one.lon]);
    const [west, south] = this.projection.point([ends[0], ends[1]]);
    const [east, north] = this.projection.point([ends[2], ends[3]]);
    spread(places);
    const margin = 0.04 * Math.max(east - west, south - north) + 100;
    this.view = new View([west - margin, north - margin, east + margin, south + margin]);
    this.base = new Basemap(store.chart, this.projection, () => this.redraw());
    this.crews = new Crews(store, this.projection);
    this.places = places;
    this.chosen = null;
    this.pointed = null;
    this.redraw = oncePerFrame((now) => this.#draw(now));
    store.addEventListener("changed", ({ detail }) => detail.stood && this.redraw());
    onTheme(() => this.redraw());
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
  }

  /** Go to a facility and show it. */
  show(id, { closer = 3 } = {}) {
    const one = this.store.facilities.get(id);
    if (!one) return;
    this.choose(id);
    this.view.goTo(one.x, one.y, closer, !still.matches);
    this.redraw();
  }

  choose(id) {
    if (this.chosen === id) return;
    this.chosen = id;
    this.dispatchEvent(new CustomEvent("chosen", { detail: id }));
    this.redraw();
  }

  /** The next facility in trouble, or the one before. */
  next(step = 1) {
    const found = this.store.troubled();
    if (!found.length) return;
    const at = found.findIndex((one) => one.id === this.chosen);
    this.#troubled = at < 0 ? (step > 0 ? 0 : found.length - 1) : (at + step + found.length) % found.length;
    this.show(found[this.#troubled].id);
  }

  /** The facility whose mark is nearest to a point of the canvas. */
  under(x, y) {
    let [best, nearest] = [null, Infinity];
    for (const one of this.places) {
      const [px, py, r] = this.#at(one);
      const away = Math.hypot(px - x, py - y);
      const reach = r + REACH;
      const rank = away - (TROUBLED.has(one.now.standing) ? 6 : 0);
      if (away <= reach && rank < nearest) [best, nearest] = [one, rank];
    }
    return best;
  }

  radius(one) {
    const { zoom } = this.view;
    const lamp = one.kind === "light";
    const grown = lamp ? 2.2 + 1.5 * zoom : 4.6 + 1.9 * zoom;
    if (TROUBLED.has(one.now.standing)) return Math.round(Math.min(Math.max(grown + 2, lamp ? 6 : 10), 14));
    return Math.round(Math.min(grown, lamp ? 10 : 12) * 2) / 2;
  }

  /** Where its mark is, and how large. What stands in one place is laid in a row once there is room. */
  #at(one) {
    const r = this.radius(one);
    const aside = this.view.zoom > ROOM ? one.aside * 2.3 * r : 0;
    return [this.view.sx(one.x) + aside, this.view.sy(one.y), r];
  }

  #resize() {
    const { clientWidth, clientHeight } = this.canvas;
    this.#ratio = Math.min(devicePixelRatio || 1, RATIO_MOST);
    this.canvas.width = Math.max(1, Math.round(clientWidth * this.#ratio));
    this.canvas.height = Math.max(1, Math.round(clientHeight * this.#ratio));
    const over = document.getElementById("breaking");
    const covers = over && getComputedStyle(over).position === "absolute";
    this.view.resize(clientWidth, clientHeight, covers ? over.offsetHeight : 0);
    this.#draw(performance.now());
  }

  #draw(now) {
    const { view } = this;
    const context = this.#context;
    let more = view.glide(now);
    this.base.draw(context, view, this.#ratio);
    this.crews.follow(now);
    const layers = this.#layers;
    for (const layer of layers.values()) layer.length = 0;
    for (const one of this.places) {
      const [x, y, r] = this.#at(one);
      if (x < -20 || y < -20 || x > view.width + 20 || y > view.height + 20) continue;
      layers.get(one.now.standing)?.push(one, x, y, r);
    }
    for (const [standing, layer] of layers) {
      for (let n = 0; n < layer.length; n += 4) {
        const [one, x, y, r] = [layer[n], layer[n + 1], layer[n + 2], layer[n + 3]];
        if (!still.matches && now - one.moved < RIPPLE_MS) {
          this.#ripple(one, x, y, r, now);
          more = true;
        }
        stamp(context, this.#ratio, standing, one.kind, x, y, r);
      }
    }
    this.crews.draw(context, view, now, this.store.facilities.get(this.chosen)?.now.order);
    for (const [id, width] of [[this.pointed, 2], [this.chosen, 3]]) if (id) this.#ring(id, width);
    if (more || (!still.matches && this.crews.moving(now))) this.redraw();
  }

  #ripple(one, x, y, r, now) {
    const context = this.#context;
    const t = ((now - one.moved) % 1_200) / 1_200;
    context.globalAlpha = 0.55 * (1 - t);
    context.strokeStyle = colours[one.now.standing];
    context.lineWidth = 2.5;
    context.beginPath();
    context.arc(x, y, r + 2 + 18 * t, 0, 2 * Math.PI);
    context.stroke();
    context.globalAlpha = 1;
  }

  #ring(id, width) {
    const one = this.store.facilities.get(id);
    if (!one) return;
    const context = this.#context;
    const [x, y, small] = this.#at(one);
    stamp(context, this.#ratio, one.now.standing, one.kind, x, y, small);
    const r = small * 1.3 + 4;
    for (const [colour, wide] of [[colours.panel, width + 2], [colours.ink, width]]) {
      context.strokeStyle = colour;
      context.lineWidth = wide;
      context.beginPath();
      context.arc(x, y, r, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

/** Give what stands in one place its place in a row: −1, 0, 1 … beside the middle. Lamps stay on their line. */
function spread(places) {
  const rows = new Map();
  for (const one of places) {
    one.aside = 0;
    if (one.kind === "light") continue;
    const key = `${Math.round(one.x / TOGETHER_M)} ${Math.round(one.y / TOGETHER_M)}`;
    if (!rows.has(key)) rows.set(key, []);
    rows.get(key).push(one);
  }
  for (const row of rows.values()) row.forEach((one, n) => (one.aside = n - (row.length - 1) / 2));
}
