// Signing out: the session ends at the service, then the page asks anew.

export function signOut(button) {
  button?.addEventListener("click", async () => {
    const answer = await fetch("/live/session/end", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    }).catch(() => null);
    if (answer?.ok) location.reload();
  });
}
