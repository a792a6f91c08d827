// Fingers, mice and keys on the map.

const TAP_PX = 6;
const STEP_PX = 80;

/** Let people move in the map and point at things; `tip` says what is pointed at. */
export function handle(map, tip, describe) {
  const { canvas, view } = map;
  const down = new Map();
  let [moved, apart] = [0, 0];
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const point = (one, x, y) => {
    const id = one?.id ?? null;
    canvas.classList.toggle("over", Boolean(id));
    tip.hidden = !id;
    if (id) {
      tip.textContent = describe(one);
      tip.style.left = `${Math.max(4, Math.min(x + 14, view.width - tip.offsetWidth - 6))}px`;
      tip.style.top = `${y + 18 + tip.offsetHeight > view.height ? y - tip.offsetHeight - 10 : y + 18}px`;
    }
    if (map.pointed !== id) {
      map.pointed = id;
      map.redraw();
    }
  };

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    down.set(event.pointerId, at(event));
    if (down.size === 1) moved = 0;
    apart = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = at(event);
    const before = down.get(event.pointerId);
    if (!before) {
      if (event.pointerType === "mouse") point(map.under(x, y), x, y);
      return;
    }
    down.set(event.pointerId, [x, y]);
    moved += Math.hypot(x - before[0], y - before[1]);
    if (down.size === 1) {
      if (moved < TAP_PX) return;
      canvas.classList.add("moving");
      point(null);
      view.pan(x - before[0], y - before[1]);
    } else {
      const [[ax, ay], [bx, by]] = [...down.values()];
      const now = Math.hypot(ax - bx, ay - by);
      if (apart) view.zoomAt(now / apart, (ax + bx) / 2, (ay + by) / 2);
      view.pan((x - before[0]) / 2, (y - before[1]) / 2);
      apart = now;
    }
    map.redraw();
  });
  const up = (event) => {
    if (!down.delete(event.pointerId)) return;
    apart = 0;
    canvas.classList.remove("moving");
    if (event.type === "pointerup" && moved < TAP_PX && !down.size) {
      map.choose(map.under(...at(event))?.id ?? null);
    }
  };
  canvas.addEventListener("pointerup", up);
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("pointerleave", () => point(null));
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const pixels = event.deltaMode ? event.deltaY * 30 : event.deltaY;
      view.zoomAt(Math.exp(-Math.max(-200, Math.min(200, pixels)) / 300), ...at(event));
      point(null);
      map.redraw();
    },
    { passive: false },
  );

  const acts = {
    ArrowLeft: () => view.pan(STEP_PX, 0),
    ArrowRight: () => view.pan(-STEP_PX, 0),
    ArrowUp: () => view.pan(0, STEP_PX),
    ArrowDown: () => view.pan(0, -STEP_PX),
    "+": () => view.zoomAt(1.5),
    "=": () => view.zoomAt(1.5),
    "-": () => view.zoomAt(1 / 1.5),
    0: () => view.all(),
    n: () => map.next(1),
    p: () => map.next(-1),
    Escape: () => map.choose(null),
    Enter: () => map.choose(map.under(view.width / 2, view.height / 2)?.id ?? map.chosen),
  };
  canvas.addEventListener("keydown", (event) => {
    const act = event.ctrlKey || event.metaKey || event.altKey ? null : (acts[event.key] ?? acts[event.key.toLowerCase()]);
    if (!act) return;
    event.preventDefault();
    act();
    map.redraw();
  });
  const buttons = { in: () => view.zoomAt(1.6), out: () => view.zoomAt(1 / 1.6), all: () => view.all(), next: () => map.next() };
  for (const button of document.querySelectorAll("[data-map]")) {
    button.addEventListener("click", () => {
      buttons[button.dataset.map]();
      map.redraw();
    });
  }
}
