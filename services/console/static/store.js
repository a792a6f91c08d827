// What is known of the coast: the chart, which never changes, and how everything stands, which does.

export const WORST_FIRST = ["alarm", "attended", "verifying", "held", "silent", "unknown", "noted", "ok"];
export const TROUBLED = new Set(["alarm", "attended", "verifying", "held"]);
const RANK = new Map(WORST_FIRST.map((standing, rank) => [standing, rank]));
const NOTHING = Object.freeze({ standing: "unknown", priority: "", order: "", alarms: [], at: null, values: {} });

export class Store extends EventTarget {
  constructor(chart) {
    super();
    this.chart = chart;
    this.facilities = new Map(
      chart.facilities.map(([id, kind, element, zone, lat, lon, en, zh]) => [
        id,
        { id, kind, element, zone, lat, lon, name: [en, zh], now: NOTHING, moved: -Infinity },
      ]),
    );
    this.alarms = new Map();
    this.orders = new Map();
    this.elements = new Map();
    this.status = {};
    this.pace = { at: null, rate: 0, speed: 1 };
  }

  /** By the clock of the service, in ms. */
  get now() {
    return this.pace.at ?? Date.now();
  }

  /** How time goes, and how much comes in. */
  beat(pace) {
    this.pace = pace;
    this.#tell({ whole: false, what: new Set(["pace"]), opened: [], stood: false });
  }

  /** Everything anew. */
  replace(snapshot) {
    for (const facility of this.facilities.values()) facility.now = snapshot.facilities[facility.id] ?? NOTHING;
    this.alarms = new Map(Object.entries(snapshot.alarms));
    this.orders = new Map(Object.entries(snapshot.orders));
    this.elements = new Map(Object.entries(snapshot.elements));
    this.status = snapshot.status;
    this.#tell({ whole: true, what: new Set(["facility", "alarm", "order", "element", "status"]), opened: [], stood: true });
  }

  /** Changes [number, what, id, body]; a body of null: no longer kept. */
  change(changes) {
    const what = new Set();
    const opened = [];
    let stood = false;
    for (const [, kind, id, body] of changes) {
      what.add(kind);
      if (kind === "facility") {
        const facility = this.facilities.get(id);
        if (!facility) continue;
        const [before, after] = [facility.now.standing, body.standing];
        stood ||= before !== after;
        if (before !== after && (TROUBLED.has(before) || TROUBLED.has(after))) facility.moved = performance.now();
        facility.now = body;
      } else if (kind === "status") this.status = body;
      else {
        const kept = kind === "alarm" ? this.alarms : kind === "order" ? this.orders : this.elements;
        if (kind === "alarm" && body?.state === "open" && !kept.has(id)) opened.push(body);
        if (body === null) kept.delete(id);
        else kept.set(id, body);
      }
    }
    this.#tell({ whole: false, what, opened, stood: stood || what.has("order") });
  }

  /** Facilities in trouble, the worst first. */
  troubled() {
    const found = [...this.facilities.values()].filter((one) => TROUBLED.has(one.now.standing));
    return found.sort(
      (a, b) =>
        RANK.get(a.now.standing) - RANK.get(b.now.standing) ||
        a.now.priority.localeCompare(b.now.priority) ||
        a.id.localeCompare(b.id),
    );
  }

  /** `what` changed, which alarms `opened`, and whether a map has to be drawn anew because something `stood` otherwise. */
  #tell(detail) {
    this.dispatchEvent(new CustomEvent("changed", { detail }));
  }
}
