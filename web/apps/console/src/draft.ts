/** What was typed and not sent, kept by this browser for each conversation. */
import { uuid } from "./uuid";

export interface Draft {
  text: string;
  /** With which the text is sent, as often as needed; another text is another message. */
  clientId: string;
}

export const emptyDraft = (): Draft => ({ text: "", clientId: uuid() });

/** The draft after typing: a text that may have been sent already never changes under its id. */
export function typed(draft: Draft, text: string, tried: boolean): Draft {
  return tried && text !== draft.text ? { text, clientId: uuid() } : { ...draft, text };
}

const key = (kind: "reply" | "note", conversationId: string): string => `console.${kind}.${conversationId}`;

export function keptDraft(kind: "reply" | "note", conversationId: string, store: Storage = localStorage): Draft {
  try {
    const kept = JSON.parse(store.getItem(key(kind, conversationId)) ?? "null") as Partial<Draft> | null;
    if (kept && typeof kept.text === "string" && typeof kept.clientId === "string") {
      return { text: kept.text, clientId: kept.clientId };
    }
  } catch {
    // Not ours, or the browser keeps nothing: an empty one.
  }
  return emptyDraft();
}

export function keepDraft(
  kind: "reply" | "note",
  conversationId: string,
  draft: Draft,
  store: Storage = localStorage,
): void {
  try {
    if (draft.text) store.setItem(key(kind, conversationId), JSON.stringify(draft));
    else store.removeItem(key(kind, conversationId));
  } catch {
    // A full or forbidden store: the draft lives as long as the page.
  }
}

/** Those of everybody who used this browser: at sign-out. */
export function forgetDrafts(store: Storage = localStorage): void {
  const ours = Array.from({ length: store.length }, (_, index) => store.key(index)).filter(
    (name) => name?.startsWith("console.reply.") || name?.startsWith("console.note."),
  );
  for (const name of ours) if (name) store.removeItem(name);
}
