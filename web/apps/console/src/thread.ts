/** Pure rules of a conversation: its pages put together, and what of it stands beside. */
import type { PageBefore } from "./api";
import type { Message, Note, Opened, Quote } from "./types";

export const PAGE = 200; // as many messages, and notes, as the server gives at once

export type Entry = { kind: "message"; at: string; message: Message } | { kind: "note"; at: string; note: Note };

/** Pages newest first, as they were loaded; entries oldest first, each once. */
export function entries(pages: Opened[]): Entry[] {
  const messages = new Map(pages.flatMap((page) => page.messages).map((one) => [one.id, one]));
  const notes = new Map(pages.flatMap((page) => page.notes).map((one) => [one.id, one]));
  const all: Entry[] = [
    ...Array.from(messages.values(), (message): Entry => ({ kind: "message", at: message.created_at, message })),
    ...Array.from(notes.values(), (note): Entry => ({ kind: "note", at: note.created_at, note })),
  ];
  const seq = (entry: Entry) => (entry.kind === "message" ? entry.message.seq : 0);
  return all.sort((a, b) => Date.parse(a.at) - Date.parse(b.at) || seq(a) - seq(b));
}

/** Where the page before this one ends; undefined at the beginning. */
export function earlier(page: Opened): PageBefore | undefined {
  const [message] = page.messages;
  if (message === undefined || page.messages.length < PAGE) return undefined;
  const [note] = page.notes;
  return note && page.notes.length >= PAGE ? { seq: message.seq, notes: note.created_at } : { seq: message.seq };
}

/** What was quoted, newest first. */
export function quotesOf(messages: Message[]): Quote[] {
  const quotes = messages.flatMap((one) => one.parts ?? []).flatMap((part) => (part.kind === "quote" ? [part.quote] : []));
  return [...new Map(quotes.map((quote) => [quote.id, quote])).values()].reverse();
}
