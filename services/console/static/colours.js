// The colours of tokens.css, for whoever draws. They change with the theme.

const NAMES = [
  "panel", "ink", "ink-soft", "accent", "alarm", "attended", "verifying", "held", "silent", "noted", "ok", "unknown", "on-standing",
  "sea", "sea-deep", "shallow", "land", "shore", "beach", "park", "road", "road-edge", "trail", "trail-case", "zone",
  "zone-demo", "map-ink", "sea-ink",
];
const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = [];

export const colours = {};

function read() {
  const style = getComputedStyle(document.documentElement);
  for (const name of NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
  colours.font = style.getPropertyValue("--font").trim();
}

export function onTheme(listener) {
  listeners.push(listener);
}

function changed() {
  read();
  for (const listener of listeners) listener();
}

/** The switch: what the system says, until somebody says otherwise. */
export function themeSwitch(button) {
  button.addEventListener("click", () => {
    const root = document.documentElement;
    const now = root.dataset.theme || (dark.matches ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
    document.cookie = `theme=${root.dataset.theme}; path=/; max-age=31536000; samesite=strict`;
    changed();
  });
}

dark.addEventListener("change", changed);
read();
