/** What was typed and not sent, kept by this browser for each conversation. */
import type { Message } from "./types";
import { uuid } from "./uuid";

export interface Draft {
  text: string;
  /** With which the text is sent, as often as needed; another text is another message. */
  clientId: string;
  /** The newest message when it was begun: what others wrote after it was not read by whoever typed this. */
  seenSeq: number | null;
}

export const emptyDraft = (): Draft => ({ text: "", clientId: uuid(), seenSeq: null });

/** The draft after typing: a text that may have been sent already never changes under its id. */
export function typed(draft: Draft, text: string, tried: boolean, newestSeq: number): Draft {
  const seenSeq = draft.text ? draft.seenSeq : Math.max(newestSeq, draft.seenSeq ?? 0);
  return tried && text !== draft.text ? { text, clientId: uuid(), seenSeq } : { ...draft, text, seenSeq };
}

/**
 * Up to where the writer knows the conversation: what the customer adds is seen on the page at once; what the shop or its
 * assistant said since the draft was begun may answer the same thing, and counts as not seen.
 */
export function seenSeq(draft: Draft, messages: Message[]): number {
  const newest = newestSeq(messages);
  const begun = draft.seenSeq ?? newest;
  const answered = messages.filter(({ seq, author }) => seq > begun && (author === "staff" || author === "assistant"));
  return answered.length === 0 ? Math.max(begun, newest) : Math.max(begun, Math.min(...answered.map(({ seq }) => seq)) - 1);
}

export const newestSeq = (messages: Message[]): number => Math.max(0, ...messages.map(({ seq }) => seq));

const key = (kind: "reply" | "note", conversationId: string): string => `console.${kind}.${conversationId}`;

export function keptDraft(kind: "reply" | "note", conversationId: string, store: Storage = localStorage): Draft {
  try {
    const kept = JSON.parse(store.getItem(key(kind, conversationId)) ?? "null") as Partial<Draft> | null;
    if (kept && typeof kept.text === "string" && typeof kept.clientId === "string") {
      return { text: kept.text, clientId: kept.clientId, seenSeq: kept.seenSeq ?? null };
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
