/** Which page a path asks for; the token stays in the URL, so that a reload works. */

export type Route = { page: "chat" | "manage"; token: string } | { page: "unknown" };

export function routeOf(path: string): Route {
  const [, page, token] = /^\/([cm])\/([^/]+)\/?$/.exec(path) ?? [];
  if (!page || !token) return { page: "unknown" };
  return { page: page === "c" ? "chat" : "manage", token: decode(token) };
}

function decode(token: string): string {
  try {
    return trimmed(decodeURIComponent(token));
  } catch {
    return trimmed(token);
  }
}

/** Without the full stop or bracket behind it, which messengers and mail programs take for a part of the link. */
function trimmed(token: string): string {
  return token.replace(/[^\w=-]+$/, "");
}
