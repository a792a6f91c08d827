// A token for a cookie.

const form = document.getElementById("signin");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = new FormData(form).get("token");
  const answer = await fetch("/live/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ token }),
  }).catch(() => null);
  if (answer?.ok) location.reload();
  else document.getElementById("signin-said").textContent = form.dataset.wrong;
});
