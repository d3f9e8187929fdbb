import type { Message, Note, Opened, Row } from "../src/types";

export const ME = "00000000-0000-0000-0000-00000000000a";

export function row(id: string, changes: Partial<Row> = {}): Row {
  return {
    id,
    lead: { id: `lead-${id}`, name: "Noa Sample", status: "new" },
    location: { id: "l1", code: "Store094", name: "Sample Tint San Diego", timezone: "America/Los_Angeles" },
    state: "need",
    owner: "assistant",
    assistant: "offline",
    unread: false,
    present: [],
    last_at: "2026-11-30T17:00:00Z",
    ...changes,
  };
}

export const handoff = (changes: Partial<NonNullable<Row["handoff"]>> = {}): NonNullable<Row["handoff"]> => ({
  id: "h1",
  kind: "hard",
  reason: "asked for a person",
  summary: "",
  level: 0,
  requested_at: "2026-11-30T17:00:00Z",
  answer_by: "2026-11-30T17:05:00Z",
  ...changes,
});

export const message = (seq: number, changes: Partial<Message> = {}): Message => ({
  seq,
  id: `m${seq}`,
  author: "customer",
  channel: "web",
  text: `words ${seq}`,
  created_at: new Date(Date.UTC(2026, 10, 30, 17, 0, seq)).toISOString(),
  ...changes,
});

export const note = (id: string, created_at: string): Note => ({ id, author_name: "Sam", text: "Look", created_at });

export const opened = (messages: Message[], notes: Note[] = []): Opened => ({
  conversation: row("c1"),
  messages,
  notes,
  reply_by: { channel: "web", also: [] },
});
