// Sends what waits on the phone: photos first, then the answer they belong to, each answer in its turn.
// An answer may go out twice when the network breaks off; its id makes that one answer.

import { answersOf, isOpen, keepAnswer } from "./store.js";

export const TAG = "tidewalk-crew";
const PATIENCE_MS = 25_000;
const LATER = new Set([408, 425, 429, 500, 502, 503, 504]);

/** What stopped us: "" where nothing waits any more, "void" where the link opens nothing, else "later". */
export async function sendAll(root, crew) {
  if (!globalThis.navigator?.locks) return sent(root, crew);
  return navigator.locks.request(`${TAG} ${crew}`, () => sent(root, crew)); // the page and its worker never both
}

async function sent(root, crew) {
  for (const answer of (await answersOf(crew)).filter(isOpen)) {
    const stopped = answer.standing === "waiting" ? await asked(root, answer) : await said(root, answer);
    await keepAnswer(answer);
    tell();
    if (stopped) return stopped;
  }
  return "";
}

async function said(root, answer) {
  for (const photo of answer.photos.filter((one) => !one.photo && !one.why)) {
    const to = `${root}/orders/${encodeURIComponent(answer.order)}/photos`;
    const got = await ask(to, { method: "PUT", headers: { "Content-Type": "image/jpeg" }, body: photo.blob });
    if (got.stopped) return got.stopped;
    if (got.ok) photo.photo = got.body.photo;
    else photo.why = got.why;
    await keepAnswer(answer);
  }
  const { id, order, revision, action, at, reason, note, until } = answer;
  const photos = answer.photos.map((one) => one.photo).filter(Boolean);
  const body = { id, order, revision, action, at, reason, note, photos, ...(until ? { until } : {}) };
  return judged(
    answer,
    await ask(`${root}/replies`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    }),
  );
}

async function asked(root, answer) {
  const got = await ask(`${root}/replies/${answer.id}`, {});
  if (got.status !== 404) return judged(answer, got);
  answer.standing = "queued"; // it never came there
  return said(root, answer);
}

function judged(answer, got) {
  if (got.stopped) return got.stopped;
  answer.standing = got.ok ? got.body.standing : "refused";
  answer.why = got.ok ? got.body.why : got.why;
  if (isOpen(answer)) return "later";
  answer.answered = Date.now();
  answer.photos = answer.photos.map(({ photo, why }) => ({ photo, why }));
  return "";
}

async function ask(to, how) {
  let got;
  try {
    got = await fetch(to, { ...how, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(PATIENCE_MS) });
    if (got.status === 403) return { stopped: "void", status: 403 };
    if (LATER.has(got.status)) return { stopped: "later", status: got.status };
    const body = await got.json();
    return { ok: got.ok, status: got.status, body, why: body.detail ?? "" };
  } catch {
    return { stopped: "later", status: got?.status ?? 0 };
  }
}

function tell() {
  const channel = new BroadcastChannel(TAG);
  channel.postMessage("sent");
  channel.close();
}
