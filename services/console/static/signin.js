// A name and a password, or a token, for a cookie.

const form = document.getElementById("signin");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = new FormData(form);
  const [name, password] = [said.get("name"), said.get("password")];
  const answer = await fetch("/live/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(name ? { name, password } : { token: password }),
  }).catch(() => null);
  if (answer?.ok) location.reload();
  else if (answer?.status === 429) {
    const wait = answer.headers.get("Retry-After");
    document.getElementById("signin-said").textContent = form.dataset.early.replace("{s}", wait);
  } else document.getElementById("signin-said").textContent = form.dataset.wrong;
});
