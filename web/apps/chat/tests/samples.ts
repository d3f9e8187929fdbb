/** Sample values for the tests; nothing in them is real. */
import { initialState, reduce } from "../src/conversation";
import type { ChatAction, ChatState, Conversation, Outgoing } from "../src/conversation";
import type { Message, Session } from "../src/types";

export const message = (seq: number, fields: Partial<Message> = {}): Message => ({
  seq,
  id: `m${seq}`,
  author: "assistant",
  text: `text ${seq}`,
  created_at: "2025-11-28T17:00:00Z",
  ...fields,
});

export const session = (fields: Partial<Session> = {}): Session => ({
  lead: { id: "l1", first_name: "Sample" },
  location: { name: "Sample Tint San Diego", timezone: "America/Los_Angeles", address: "100 Sample Street", phone: "+1 619 555 0142" },
  conversation: { id: "c1", state: "NEED", owner: "assistant", assistant: "claude" },
  messages: [message(1)],
  actions: [],
  ...fields,
});

export const outgoing = (clientId: string): Outgoing => ({
  clientId,
  say: { text: "hello" },
  label: "hello",
  createdAt: "2025-11-28T17:00:00Z",
  delivery: "sending",
});

/** The state after loading the sample session and then the given actions. */
export const after = (...actions: ChatAction[]): ChatState =>
  [{ kind: "loaded", session: session() } satisfies ChatAction, ...actions].reduce(reduce, initialState);

export function conversationOf(state: ChatState): Conversation {
  if (state.phase !== "ready") throw new Error(`not ready: ${state.phase}`);
  return state.conversation;
}
