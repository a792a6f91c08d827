// What the phone keeps: the last list of each crew, and answers until they are answered. For the page and its worker.

const NAME = "tidewalk-crew";
let opening = null;

function opened() {
  opening ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("lists", { keyPath: "crew" });
      asked.result.createObjectStore("links", { keyPath: "root" });
      const queue = asked.result.createObjectStore("queue", { keyPath: "n", autoIncrement: true });
      queue.createIndex("crew", "crew");
    };
    asked.onsuccess = () => {
      asked.result.onclose = () => (opening = null);
      done(asked.result);
    };
    asked.onerror = () => failed(asked.error);
  });
  return opening;
}

async function with_(name, mode, use) {
  const db = await opened();
  return new Promise((done, failed) => {
    const all = db.transaction(name, mode);
    const asked = use(all.objectStore(name));
    all.oncomplete = () => done(asked?.result);
    all.onerror = all.onabort = () => failed(all.error);
  });
}

export const listOf = (crew) => with_("lists", "readonly", (kept) => kept.get(crew));
export const keepList = (list) => with_("lists", "readwrite", (kept) => kept.put(list));

/** Which crew's page lies at an address: a worker that is woken knows its address alone. */
export const crewAt = async (root) => (await with_("links", "readonly", (kept) => kept.get(root)))?.crew;
export const keepLink = (root, crew) => with_("links", "readwrite", (kept) => kept.put({ root, crew }));

/** All answers of a crew, in the order in which they were given. */
export const answersOf = (crew) => with_("queue", "readonly", (kept) => kept.index("crew").getAll(crew));
export const keepAnswer = (answer) => with_("queue", "readwrite", (kept) => kept.put(answer));
export const forgetAnswer = (n) => with_("queue", "readwrite", (kept) => kept.delete(n));

/** Whether an answer is still to go out, or to be answered. */
export const isOpen = (answer) => answer.standing === "queued" || answer.standing === "waiting";
