// Which part of the coast is seen, and how large. The chart is in metres, east and south of its middle.

const METRES_PER_DEGREE = 111_195;

export class Projection {
  constructor(lat, lon) {
    this.lat = lat;
    this.lon = lon;
    this.shrink = Math.cos((lat * Math.PI) / 180);
  }

  east(lon) {
    return (lon - this.lon) * this.shrink * METRES_PER_DEGREE;
  }

  south(lat) {
    return (this.lat - lat) * METRES_PER_DEGREE;
  }

  point([lat, lon]) {
    return [this.east(lon), this.south(lat)];
  }
}

export class View {
  constructor(bounds) {
    this.bounds = bounds; // [west, north, east, south] of what there is to see
    this.width = this.height = 1;
    this.x = this.y = 0; // the chart's point in the middle
    this.scale = this.fitting = 1; // pixels a metre
    this.gliding = null;
    this.covered = 0; // pixels at the lower edge on which something lies when all is seen
  }

  resize(width, height, covered = 0) {
    const whole = this.scale === this.fitting;
    this.covered = covered;
    this.width = Math.max(1, width);
    this.height = Math.max(1, height);
    const [west, north, east, south] = this.bounds;
    this.fitting = Math.min(this.width / (east - west), this.height / (south - north));
    if (whole) this.all();
    else this.#keep();
  }

  all() {
    const [west, north, east, south] = this.bounds;
    this.gliding = null;
    this.scale = this.fitting;
    this.x = (west + east) / 2;
    const room = (this.height - (south - north) * this.scale) / 2;
    this.y = (north + south) / 2 + Math.min(this.covered / 2, room * 0.8) / this.scale;
  }

  /** How often twice as large as when all is seen. */
  get zoom() {
    return Math.log2(this.scale / this.fitting);
  }

  sx(x) {
    return (x - this.x) * this.scale + this.width / 2;
  }

  sy(y) {
    return (y - this.y) * this.scale + this.height / 2;
  }

  pan(dx, dy) {
    this.gliding = null;
    this.x -= dx / this.scale;
    this.y -= dy / this.scale;
    this.#keep();
  }

  /** Larger or smaller, with the point under (px, py) staying where it is. */
  zoomAt(factor, px = this.width / 2, py = this.height / 2) {
    this.gliding = null;
    const before = this.scale;
    this.scale = Math.min(Math.max(this.scale * factor, this.fitting), Math.max(2.5, this.fitting));
    const [dx, dy] = [px - this.width / 2, py - this.height / 2];
    this.x += dx / before - dx / this.scale;
    this.y += dy / before - dy / this.scale;
    this.#keep();
  }

  /** Go there, at least so close; at once, or gliding. */
  goTo(x, y, zoom, glide) {
    const scale = Math.min(Math.max(this.scale, this.fitting * 2 ** zoom), Math.max(2.5, this.fitting));
    if (glide) this.gliding = { from: [this.x, this.y, Math.log(this.scale)], to: [x, y, Math.log(scale)], since: null };
    else [this.x, this.y, this.scale] = [x, y, scale];
  }

  /** One step of gliding; whether there is more. */
  glide(now) {
    const going = this.gliding;
    if (!going) return false;
    going.since ??= now;
    const t = Math.min(1, (now - going.since) / 450);
    const eased = 1 - (1 - t) ** 3;
    const [x, y, scale] = going.from.map((from, n) => from + (going.to[n] - from) * eased);
    [this.x, this.y, this.scale] = [x, y, Math.exp(scale)];
    if (t >= 1) this.gliding = null;
    return t < 1;
  }

  #keep() {
    const [west, north, east, south] = this.bounds;
    this.x = Math.min(Math.max(this.x, west), east);
    this.y = Math.min(Math.max(this.y, north), south);
  }
}
