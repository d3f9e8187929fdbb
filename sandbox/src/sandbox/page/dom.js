// Small tools for building the page from data.

export const $ = (id) => document.getElementById(id);

export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name in element && name !== "list") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

// Replaces the children and gives the focus back to the element with the same data-key.
export function fill(container, ...children) {
  const key = container.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  container.replaceChildren(...children.flat().filter(Boolean));
  if (key) container.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

export const link = (url, text = url) => h("a", { href: url, target: "_blank", rel: "noopener" }, text);

// Web addresses become links; a dot or comma behind one stays text.
export function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]*[^\s<>".,;!?)])/).map((part, at) => (at % 2 ? link(part) : part));
}

export const clock = (iso) => new Date(iso).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });

export const initials = (name) =>
  (name || "?").split(/\s+/).map((word) => word[0]).slice(0, 2).join("").toUpperCase();

export async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return answer.status === 204 ? null : answer.json();
}
