/** Which shop a link belonged to, kept in this browser for the day on which the link has expired. */

interface Shop {
  name: string;
  phone: string;
}

/** By the end of its signature: the token itself is kept nowhere. */
const keyOf = (token: string): string => `shop:${token.slice(-12)}`;

export function rememberShop(token: string, { name, phone }: Shop): void {
  try {
    localStorage.setItem(keyOf(token), JSON.stringify({ name, phone }));
  } catch {
    // A browser that keeps nothing shows the page without the telephone number.
  }
}

export function shopOf(token: string): Shop | null {
  try {
    return JSON.parse(localStorage.getItem(keyOf(token)) ?? "null") as Shop | null;
  } catch {
    return null;
  }
}
