// Elements without markup: whatever was said by others goes in as text and stays text.

/** An element: `el("p", { class: "soft" }, "text", child)`. A property that is null or false is left out. */
export function el(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return made;
}

/** Put text where it is another one. */
export function say(where, text) {
  if (where.textContent !== text) where.textContent = text;
}
