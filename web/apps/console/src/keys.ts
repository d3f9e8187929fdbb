/** The single keys of inbox and calendar. */

export type KeyAction = "next" | "previous" | "reply" | "takeOver" | "giveBack" | "search" | "help";

export const KEYS: { key: string; action: KeyAction; what: string }[] = [
  { key: "j", action: "next", what: "Next conversation" },
  { key: "k", action: "previous", what: "Previous conversation" },
  { key: "t", action: "takeOver", what: "Take over" },
  { key: "r", action: "reply", what: "Write a reply" },
  { key: "e", action: "giveBack", what: "Give back to the assistant" },
  { key: "/", action: "search", what: "Search" },
  { key: "?", action: "help", what: "Show the keys" },
];

export type CalendarKey = "earlier" | "later" | "today" | "day" | "week" | "book" | "help";

export const CALENDAR_KEYS: { key: string; action: CalendarKey; what: string }[] = [
  { key: "j", action: "later", what: "Next day or week" },
  { key: "k", action: "earlier", what: "Day or week before" },
  { key: "t", action: "today", what: "Today" },
  { key: "d", action: "day", what: "Show a day" },
  { key: "w", action: "week", what: "Show a week" },
  { key: "b", action: "book", what: "Book for a customer" },
  { key: "?", action: "help", what: "Show the keys" },
];

export interface Pressed {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  /** Of the element that has the focus. */
  tag: string;
  editable: boolean;
}

/** Null while somebody types, and for a key that belongs to the browser. */
export function keyAction<Action>(
  keys: { key: string; action: Action }[],
  { key, ctrlKey, metaKey, altKey, tag, editable }: Pressed,
): Action | null {
  if (ctrlKey || metaKey || altKey || editable || ["INPUT", "TEXTAREA", "SELECT"].includes(tag)) return null;
  return keys.find((one) => one.key === key)?.action ?? null;
}
