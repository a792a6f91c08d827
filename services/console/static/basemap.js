// The coast itself: water, land, what grows and is built on it, the trail, and the names of places.

import { colours, onTheme } from "./colours.js";
import { named } from "./words.js";

const MARGIN = 0.3; // of what is seen, drawn beyond each edge, so that moving costs one copy
const REST_MS = 120; // after which a picture that was only made larger or smaller is drawn anew

export class Basemap {
  #kept = null;
  #resting = 0;

  /** `again` is called when there is a better picture to be had. */
  constructor(chart, projection, again) {
    this.again = again;
    onTheme(() => (this.#kept = null));
    const line = (points) => points.map((point) => projection.point(point));
    const { land, beaches, piers, parks, roads, waters } = chart.scenery;
    const path = (lines, closed) => {
      const made = new Path2D();
      for (const points of lines) {
        points.forEach(([x, y], n) => (n ? made.lineTo(x, y) : made.moveTo(x, y)));
        if (closed) made.closePath();
      }
      return made;
    };
    this.drawn = land.length > 0;
    this.land = path(land.map(line), true);
    this.beaches = path(beaches.map(line), false);
    this.piers = path(piers.map(line), false);
    this.parks = path(parks.map((points) => rounded(line(points))), true);
    this.roads = path(roads.map(line), false);
    this.trail = path(chart.trail.map(line), false);
    this.waters = waters.map(([name, at]) => ({ name: named(name), at: projection.point(at) }));
    const ends = chart.facilities.map(([, , , , lat]) => projection.south(lat));
    this.north = Math.min(...ends) - 2_000;
    this.south = Math.max(...ends) + 3_000;
    const zones = Object.values(chart.zones).map((zone) => ({ ...zone, line: line(zone.outline) }));
    this.zones = path(zones.map((zone) => zone.line), true);
    this.best = path(zones.filter((zone) => zone.demonstration).map((zone) => zone.line), true);
    this.names = zones.map((zone) => {
      const xs = zone.line.map(([x]) => x);
      const x = (Math.min(...xs) + Math.max(...xs)) / 2;
      return { name: named(zone.name), at: [x, Math.max(...zone.line.map(([, y]) => y))] };
    });
    this.nodes = zones.flatMap((zone) =>
      zone.nodes.map(([name, at, grade]) => ({ name: named(name), at: projection.point(at), key: grade !== "ordinary" })),
    );
  }

  /** A copy of what was drawn before, where that covers what is seen; while zooming, of another size. */
  draw(context, view, ratio) {
    const { scale } = view;
    if (!this.#covers(view, ratio)) this.#kept = this.#drawn(view, ratio);
    const kept = this.#kept;
    const larger = scale / kept.scale;
    const [left, top] = [view.sx(kept.x) - (kept.width * larger) / 2, view.sy(kept.y) - (kept.height * larger) / 2];
    context.setTransform(1, 0, 0, 1, 0, 0);
    const place = [left, top, kept.width * larger, kept.height * larger].map((one) => Math.round(one * ratio));
    context.drawImage(kept.canvas, ...place);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    clearTimeout(this.#resting);
    if (larger === 1) return;
    this.#resting = setTimeout(() => {
      this.#kept = null;
      this.again();
    }, REST_MS);
  }

  #covers(view, ratio) {
    const kept = this.#kept;
    if (!kept || kept.ratio !== ratio) return false;
    const larger = view.scale / kept.scale;
    if (larger > 1.8 || larger < 0.6) return false;
    const [dx, dy] = [Math.abs(view.x - kept.x) * view.scale, Math.abs(view.y - kept.y) * view.scale];
    return dx + view.width / 2 <= (kept.width * larger) / 2 && dy + view.height / 2 <= (kept.height * larger) / 2;
  }

  #drawn({ x, y, scale, zoom, width: seen, height: high }, ratio) {
    const [width, height] = [Math.ceil(seen * (1 + 2 * MARGIN)), Math.ceil(high * (1 + 2 * MARGIN))];
    const canvas = document.createElement("canvas");
    canvas.width = Math.ceil(width * ratio);
    canvas.height = Math.ceil(height * ratio);
    const context = canvas.getContext("2d", { alpha: false });
    const view = {
      width, height, zoom,
      sx: (east) => (east - x) * scale + width / 2,
      sy: (south) => (south - y) * scale + height / 2,
    };
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const deep = context.createLinearGradient(0, view.sy(this.north), 0, view.sy(this.south));
    deep.addColorStop(0, colours.sea);
    deep.addColorStop(1, colours["sea-deep"]);
    context.fillStyle = this.drawn ? deep : colours.land;
    context.fillRect(0, 0, width, height);
    context.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * view.sx(0), ratio * view.sy(0));
    context.lineJoin = context.lineCap = "round";
    const px = 1 / scale;
    if (this.drawn) this.#land(context, scale, px);
    this.#zones(context, px);
    const wide = Math.min(Math.max(2 * px, 5), 5 * px);
    stroke(context, this.trail, colours["trail-case"], wide + 2.4 * px);
    stroke(context, this.trail, colours.trail, wide);
    this.#label(context, view, ratio);
    return { canvas, x, y, scale, width, height, ratio };
  }

  #land(context, scale, px) {
    context.globalAlpha = 0.4;
    for (const metres of [520, 300, 130]) stroke(context, this.land, colours.shallow, 2 * metres);
    context.globalAlpha = 1;
    stroke(context, this.piers, colours.shore, Math.max(34, 7 * px));
    context.fillStyle = colours.land;
    context.fill(this.land);
    context.save();
    context.clip(this.land);
    context.fillStyle = colours.park;
    context.fill(this.parks);
    stroke(context, this.beaches, colours.beach, 84);
    stroke(context, this.roads, colours["road-edge"], Math.max(46, 4.4 * px));
    stroke(context, this.roads, colours.road, Math.max(36, 3 * px));
    context.restore();
    stroke(context, this.land, colours.shore, Math.max(1.2 * px, scale > 0.4 ? 4 : 0));
    stroke(context, this.piers, colours.land, Math.max(26, 5 * px));
  }

  #zones(context, px) {
    context.save();
    context.globalAlpha = 0.07;
    context.fillStyle = colours["zone-demo"];
    context.fill(this.best);
    context.globalAlpha = 0.4;
    context.setLineDash([6 * px, 6 * px]);
    stroke(context, this.zones, colours.zone, 1 * px);
    context.restore();
  }

  /** Names, under the marks. Those that would lie on others are left out. */
  #label(context, view, ratio) {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    const taken = [];
    const place = (text, [x, y], size, colour, halo, dy = 0, weight = 600, room = 0) => {
      const [px, py] = [view.sx(x), view.sy(y) + dy];
      if (px < -200 || py < -40 || px > view.width + 200 || py > view.height + 40) return;
      context.font = `${weight} ${size}px ${colours.font}`;
      const half = context.measureText(text).width / 2 + 4;
      const box = [px - half - room, py - size * 0.75 - room, px + half + room, py + size * 0.75 + room];
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return;
      taken.push(box);
      if (halo) {
        context.lineWidth = 3;
        context.strokeStyle = halo;
        context.strokeText(text, px, py);
      }
      context.fillStyle = colour;
      context.fillText(text, px, py);
    };
    for (const { name, at } of this.names) place(name, at, 14, colours["zone-demo"], this.drawn ? colours.sea : colours.land, 12);
    for (const { name, at } of this.waters) place(name, at, 16, colours["sea-ink"], null, 0, 400);
    const { zoom } = view;
    for (const { name, at, key } of this.nodes) {
      if (zoom >= 1.6 || key) place(name, at, 12, colours["map-ink"], colours.land, -22, 500, key ? 16 : 2);
    }
  }
}

function stroke(context, path, colour, width) {
  if (!width) return;
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.stroke(path);
}

/** Corners cut twice: what was drawn with a dozen points looks grown. */
function rounded(points) {
  let line = points;
  for (let turn = 0; turn < 2; turn += 1) {
    line = line.flatMap(([x, y], n) => {
      const [nx, ny] = line[(n + 1) % line.length];
      return [
        [0.75 * x + 0.25 * nx, 0.75 * y + 0.25 * ny],
        [0.25 * x + 0.75 * nx, 0.25 * y + 0.75 * ny],
      ];
    });
  }
  return line;
}
