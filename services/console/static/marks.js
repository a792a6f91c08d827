// Marks: the shape and colour say how a facility stands, the glyph what it is. Each is drawn once and then copied.

import { colours, onTheme } from "./colours.js";

const path = (text) => new Path2D(text);
// On a square of 24. `fill` or `stroke` with a width.
const GLYPHS = {
  light: [["stroke", "M8 22V8a5 5 0 0 1 10 0v1", 2.4], ["fill", "M14 10h8l-1.6 4.4h-4.8Z"], ["stroke", "M5 22h6", 2.4]],
  feeder: [["fill", "M14 1 4 14h6.5L8.5 23 20 9.5h-7Z"]],
  cabinet: [["stroke", "M5 3h14v18H5ZM12 3v18", 2.4], ["stroke", "M9 11v2.5M15 11v2.5", 2.4]],
  bin: [["stroke", "M4 7h16M9 7V4h6v3M6.5 7l1 14h9l1-14", 2.4], ["stroke", "M10.2 11v6.5M13.8 11v6.5", 1.8]],
  toilet: [
    ["fill", "M7 2a2.3 2.3 0 1 1 0 4.6A2.3 2.3 0 0 1 7 2ZM4 8h6v7H8.7v7H5.3v-7H4Z"],
    ["fill", "M17 2a2.3 2.3 0 1 1 0 4.6A2.3 2.3 0 0 1 17 2ZM15.4 8h3.2L21.4 16h-2.2v6h-4.4v-6h-2.2Z"],
  ],
  parking: [["stroke", "M8 22V3.4h5.2a5.3 5.3 0 0 1 0 10.6H8", 3.4]],
  green: [["fill", "M4 20C2.6 9.4 9 3.6 21 3c.6 11.6-4.6 18-14.6 16.4L4.6 22 3 20.8Z"]],
  crowd: [["fill", "M12 3a4 4 0 1 1 0 8 4 4 0 0 1 0-8ZM4 21a8 8 0 0 1 16 0Z"]],
  coast: [["stroke", "M2 9.5c3.4-4 6.6-4 10 0s6.6 4 10 0M2 17c3.4-4 6.6-4 10 0s6.6 4 10 0", 2.8]],
  crew: [["fill", "M12 2a4.4 4.4 0 1 1 0 8.8A4.4 4.4 0 0 1 12 2ZM3.5 22a8.5 8.5 0 0 1 17 0Z"]],
};
const READY = Object.fromEntries(
  Object.entries(GLYPHS).map(([name, parts]) => [name, parts.map(([how, text, width]) => [how, path(text), width])]),
);

/** Draw a glyph of a kind, `size` wide, about a point. */
export function glyph(context, kind, x, y, size, colour) {
  context.save();
  context.translate(x - size / 2, y - size / 2);
  context.scale(size / 24, size / 24);
  context.fillStyle = context.strokeStyle = colour;
  context.lineCap = context.lineJoin = "round";
  for (const [how, part, width] of READY[kind] ?? []) {
    context.lineWidth = width ?? 1;
    if (how === "fill") context.fill(part);
    else context.stroke(part);
  }
  context.restore();
}

/** The outline of a standing, of radius `r` about a point. */
function outline(context, standing, x, y, r) {
  context.beginPath();
  if (standing === "alarm") {
    const corner = (angle) => [x + 1.34 * r * Math.sin(angle), y + 0.18 * r - 1.34 * r * Math.cos(angle)];
    const turns = [0, 1, 2].map((n) => corner((n * 2 * Math.PI) / 3));
    const middle = [(turns[0][0] + turns[2][0]) / 2, (turns[0][1] + turns[2][1]) / 2];
    context.moveTo(...middle);
    for (const n of [0, 1, 2]) context.arcTo(...turns[n], ...turns[(n + 1) % 3], r * 0.28);
    context.closePath();
  } else if (standing === "attended" || standing === "held") {
    context.roundRect(x - 0.92 * r, y - 0.92 * r, 1.84 * r, 1.84 * r, 0.24 * r);
  } else if (standing === "verifying") {
    context.moveTo(x, y - 1.28 * r);
    context.lineTo(x + 1.28 * r, y);
    context.lineTo(x, y + 1.28 * r);
    context.lineTo(x - 1.28 * r, y);
    context.closePath();
  } else context.arc(x, y, standing === "unknown" ? 0.8 * r : r, 0, 2 * Math.PI);
}

const HOLLOW = new Set(["held", "silent", "noted", "unknown"]);
const DASHES = { silent: [0.5, 0.34] };
const GLYPH_FROM = 6.5; // radius from which a glyph can be made out

/** Draw a mark about a point. Shapes differ without any colour, and colours without any shape. */
export function mark(context, standing, kind, x, y, r) {
  const hollow = HOLLOW.has(standing);
  context.save();
  outline(context, standing, x, y, r);
  context.lineJoin = "round";
  context.lineWidth = r < 4 ? 1 : 3;
  context.strokeStyle = colours.panel;
  context.stroke();
  context.fillStyle = hollow ? colours.panel : colours[standing];
  context.fill();
  if (hollow) {
    context.lineWidth = r < 5 ? 1.2 : 2;
    context.strokeStyle = colours[standing];
    context.setLineDash((DASHES[standing] ?? []).map((part) => part * r));
    context.stroke();
    context.setLineDash([]);
  }
  if (kind && r >= GLYPH_FROM) {
    const low = standing === "alarm" ? 0.22 * r : 0;
    glyph(context, kind, x, y + low, r * (standing === "alarm" ? 1.02 : 1.24), hollow ? colours[standing] : colours["on-standing"]);
  }
  context.restore();
}

const sprites = new Map();
onTheme(() => sprites.clear());

/** The copies for one standing, kind and size are found without making a key of them: this is asked for each mark. */
function kept(standing, kind, r) {
  let kinds = sprites.get(standing);
  if (!kinds) sprites.set(standing, (kinds = new Map()));
  let sizes = kinds.get(kind);
  if (!sizes) kinds.set(kind, (sizes = []));
  return [sizes, Math.round(2 * r)];
}

/** Draw a mark from its copy: five thousand of them cost a few milliseconds. `r` is a multiple of a half. */
export function stamp(context, ratio, standing, kind, x, y, r) {
  const [sizes, at] = kept(standing, r < GLYPH_FROM ? "" : kind, r);
  let sprite = sizes[at];
  if (sprite?.ratio !== ratio) {
    const side = Math.ceil(2.9 * r + 6);
    const drawn = document.createElement("canvas");
    drawn.width = drawn.height = Math.ceil(side * ratio);
    const on = drawn.getContext("2d");
    on.scale(ratio, ratio);
    mark(on, standing, kind, side / 2, side / 2, r);
    sprite = sizes[at] = { drawn, side, ratio };
  }
  const { drawn, side } = sprite;
  context.drawImage(drawn, Math.round((x - side / 2) * ratio) / ratio, Math.round((y - side / 2) * ratio) / ratio, side, side);
}

/** Draw the small canvases of the page: `data-standing`, `data-glyph`. */
export function glyphsIn(root) {
  for (const small of root.querySelectorAll("canvas.glyph")) {
    const context = small.getContext("2d");
    const middle = small.width / 2;
    context.clearRect(0, 0, small.width, small.height);
    if (small.dataset.standing) mark(context, small.dataset.standing, small.dataset.kind, middle, middle + 1, middle * 0.62);
    else glyph(context, small.dataset.glyph, middle, middle, small.width * 0.8, colours.ink);
  }
}
