// The socket: a numbered snapshot, then changes; when it is gone, that is said, and it is tried again.

const SILENCE_MS = 12_000; // the service says something every second
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000, 15_000];

export class Live extends EventTarget {
  #store;
  #socket = null;
  #number = 0;
  #tries = 0;
  #watchdog = 0;
  #again = 0;

  constructor(store) {
    super();
    this.#store = store;
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#again) this.tryNow();
    });
    addEventListener("online", () => this.#again && this.tryNow());
  }

  open() {
    this.#again = 0;
    this.#say(this.#tries ? "lost" : "connecting");
    const address = new URL("/live", location.href);
    address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    this.#wait();
    socket.onmessage = ({ data }) => socket === this.#socket && this.#hear(JSON.parse(data));
    socket.onclose = () => socket === this.#socket && this.#lost();
  }

  async tryNow() {
    clearTimeout(this.#again);
    this.#again = 0;
    try {
      // The service may have begun anew since this page was made, and then it does not know our cookie.
      const answer = await fetch("/live/session", { cache: "no-store" });
      if (answer.status === 403) location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
    } catch {
      this.#lost();
      return;
    }
    this.open();
  }

  #hear(frame) {
    this.#wait();
    if (frame.beat) {
      this.#store.beat(frame.beat);
      return;
    }
    if (frame.snapshot) {
      this.#number = frame.snapshot.number;
      this.#tries = 0;
      this.#store.replace(frame.snapshot);
      this.#say("live");
      return;
    }
    if (frame.changes[0][0] !== this.#number + 1) {
      this.#socket.close(); // something is missing: begin anew
      return;
    }
    this.#number = frame.changes.at(-1)[0];
    this.#store.change(frame.changes);
  }

  #wait() {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #lost() {
    clearTimeout(this.#watchdog);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) socket.close();
    const pause = PAUSES_MS[Math.min(this.#tries, PAUSES_MS.length - 1)];
    this.#tries += 1;
    const wait = pause * (0.75 + Math.random() / 2);
    this.#say("lost", Math.ceil(wait / 1000));
    clearTimeout(this.#again);
    this.#again = setTimeout(() => this.tryNow(), wait);
  }

  #say(state, seconds = 0) {
    this.dispatchEvent(new CustomEvent("state", { detail: { state, seconds } }));
  }
}
