/** The single keys of the inbox. */

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
export function keyAction({ key, ctrlKey, metaKey, altKey, tag, editable }: Pressed): KeyAction | null {
  if (ctrlKey || metaKey || altKey || editable || ["INPUT", "TEXTAREA", "SELECT"].includes(tag)) return null;
  return KEYS.find((one) => one.key === key)?.action ?? null;
}
