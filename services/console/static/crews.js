// Crews on their way: from where they wait to where they are wanted. Where exactly they are nobody tells us.

import { colours } from "./colours.js";
import { glyph } from "./marks.js";

const HOW_FAR = { dispatched: 0, accepted: 0.55, arrived: 1 };
const MOST = 60;
const GLIDE_MS = 2_500;

export class Crews {
  constructor(store, projection) {
    this.store = store;
    this.bases = new Map(Object.entries(store.chart.crews).map(([id, crew]) => [id, projection.point(crew.base)]));
    this.going = new Map();
  }

  /** Take the orders as they are. */
  follow(now) {
    const seen = new Set();
    for (const [id, order] of this.store.orders) {
      const place = this.store.facilities.get(order.facility);
      const far = HOW_FAR[order.state];
      const base = this.bases.get(order.crew);
      if (far === undefined || !place || !base || seen.size >= MOST) continue;
      seen.add(id);
      const known = this.going.get(id);
      if (!known) this.going.set(id, { base, place, from: far, to: far, since: -Infinity });
      else if (known.to !== far || known.base !== base) {
        this.going.set(id, { base, place, from: known.base === base ? at(known, now) : far, to: far, since: now });
      }
    }
    for (const id of this.going.keys()) if (!seen.has(id)) this.going.delete(id);
  }

  /** Whether anybody is moving. */
  moving(now) {
    for (const one of this.going.values()) if (now - one.since < GLIDE_MS) return true;
    return false;
  }

  draw(context, view, now, chosen) {
    context.lineCap = "round";
    for (const [id, one] of this.going) {
      const [bx, by] = [view.sx(one.base[0]), view.sy(one.base[1])];
      const [px, py] = [view.sx(one.place.x), view.sy(one.place.y)];
      const bend = [(bx + px) / 2 - (py - by) * 0.16, (by + py) / 2 + (px - bx) * 0.16 - 10];
      const t = at(one, now);
      if (t < 1) {
        context.globalAlpha = id === chosen ? 1 : 0.6;
        context.strokeStyle = colours.attended;
        context.lineWidth = id === chosen ? 2.4 : 1.5;
        context.setLineDash([2, 6]);
        context.beginPath();
        context.moveTo(bx, by);
        context.quadraticCurveTo(...bend, px, py);
        context.stroke();
        context.setLineDash([]);
        context.globalAlpha = 1;
      }
      const x = (1 - t) ** 2 * bx + 2 * t * (1 - t) * bend[0] + t * t * px + (t === 1 ? 13 : 0);
      const y = (1 - t) ** 2 * by + 2 * t * (1 - t) * bend[1] + t * t * py - (t === 1 ? 13 : 0);
      context.beginPath();
      context.arc(x, y, 8.5, 0, 2 * Math.PI);
      context.fillStyle = colours.panel;
      context.fill();
      context.lineWidth = 1.6;
      context.strokeStyle = colours.attended;
      context.stroke();
      glyph(context, "crew", x, y, 10.5, colours.attended);
    }
  }
}

function at(one, now) {
  const t = Math.min(1, Math.max(0, (now - one.since) / GLIDE_MS));
  return one.from + (one.to - one.from) * (t * t * (3 - 2 * t));
}
