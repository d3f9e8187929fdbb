/** The conversation as the page shows it: a pure reducer over what the server and the customer do. */
import type {
  Action,
  Appointment,
  ConversationStatus,
  Lead,
  Location,
  Message,
  Say,
  Session,
  StateChange,
} from "./types";

/** `polling` works like `live`, only slower; in `offline` nothing reaches the server. */
export type Connection = "live" | "polling" | "offline";

/** A message of the customer that the server has not confirmed yet. `refused` will never be accepted as it is. */
export interface Outgoing {
  clientId: string;
  say: Say;
  label: string;
  createdAt: string;
  delivery: "sending" | "unsent" | "refused";
  reason?: string;
}

/** The answer in the making; `broken` when its beginning was lost with the connection, so it is not shown. */
export interface Draft {
  replyId: string;
  text: string;
  broken: boolean;
}

export interface Conversation {
  lead: Lead;
  location: Location;
  status: ConversationStatus;
  messages: Message[];
  /** Everything up to this seq has arrived; a just sent message may be newer than messages that are still on their way. */
  cursor: number;
  outbox: Outgoing[];
  draft: Draft | null;
  typing: boolean;
  actions: Action[];
  appointment: Appointment | null;
}

export type ChatState =
  | { phase: "loading"; connection: Connection }
  | { phase: "ready"; connection: Connection; conversation: Conversation }
  | { phase: "gone" };

export type StreamEvent =
  | { kind: "message"; message: Message }
  | { kind: "delta"; replyId: string; text: string }
  | { kind: "typing"; on: boolean }
  | { kind: "state"; change: StateChange };

export type ChatAction =
  | StreamEvent
  | { kind: "loaded"; session: Session }
  | { kind: "sent"; clientId: string; message: Message }
  | { kind: "queued"; outgoing: Outgoing }
  | { kind: "delivery"; clientId: string; delivery: Outgoing["delivery"]; reason?: string }
  | { kind: "dropped"; clientId: string }
  | { kind: "connection"; connection: Connection }
  | { kind: "stream_lost" }
  | { kind: "gone" };

export const initialState: ChatState = { phase: "loading", connection: "live" };

export function reduce(state: ChatState, action: ChatAction): ChatState {
  if (state.phase === "gone" || action.kind === "gone") return { phase: "gone" };
  if (action.kind === "connection") {
    return state.connection === action.connection ? state : { ...state, connection: action.connection };
  }
  if (action.kind === "loaded") {
    const before = state.phase === "ready" ? state.conversation : null;
    return { phase: "ready", connection: state.connection, conversation: load(action.session, before) };
  }
  if (state.phase === "loading") return state;
  const conversation = update(state.conversation, action);
  return conversation === state.conversation ? state : { ...state, conversation };
}

/** The seq to resume after; 0 when there is no message yet. */
export const cursorOf = (state: ChatState): number => (state.phase === "ready" ? state.conversation.cursor : 0);

function load(session: Session, before: Conversation | null): Conversation {
  const { state, owner, assistant, person_asked, language } = session.conversation;
  const fresh: Conversation = {
    lead: session.lead,
    location: session.location,
    status: { state, owner, assistant, person_asked, language },
    messages: before?.messages ?? [],
    cursor: before?.cursor ?? 0,
    outbox: before?.outbox ?? [],
    draft: before?.draft ?? null,
    typing: before?.typing ?? false,
    actions: session.actions,
    appointment: session.appointment ?? null,
  };
  return session.messages.reduce(follow, fresh);
}

type Update = Exclude<ChatAction, { kind: "loaded" | "connection" | "gone" }>;

function update(conversation: Conversation, action: Update): Conversation {
  switch (action.kind) {
    case "message":
      return follow(conversation, action.message);
    case "sent":
      return receive(drop(conversation, action.clientId), action.message);
    case "delta":
      return { ...conversation, draft: extend(conversation.draft, action.replyId, action.text) };
    case "typing":
      return { ...conversation, typing: action.on };
    case "state":
      return changeState(conversation, action.change);
    case "queued":
      return { ...conversation, outbox: [...conversation.outbox, action.outgoing] };
    case "delivery":
      return mark(conversation, action);
    case "dropped":
      return drop(conversation, action.clientId);
    case "stream_lost":
      return { ...conversation, typing: false, draft: conversation.draft && { ...conversation.draft, text: "", broken: true } };
  }
}

/** Takes a message from the stream, a poll or the session, which come in the order of seq. */
function follow(conversation: Conversation, message: Message): Conversation {
  const received = receive(conversation, message);
  return message.seq <= received.cursor ? received : { ...received, cursor: message.seq };
}

/** Adds a message once, in the order of seq, and takes its unconfirmed copy out of the outbox. */
function receive(conversation: Conversation, message: Message): Conversation {
  const cleared = message.client_id ? drop(conversation, message.client_id) : conversation;
  if (conversation.messages.some((known) => known.seq === message.seq)) return cleared;
  const messages = [...conversation.messages, message].sort((a, b) => a.seq - b.seq);
  // Any newer message ends the answer in the making: it is either that answer or the reason why it was dropped.
  const typing = message.author === "customer" && conversation.typing;
  return { ...cleared, messages, draft: null, typing };
}

/** The conversation itself when nothing is waiting under this id. */
function drop(conversation: Conversation, clientId: string): Conversation {
  const outbox = conversation.outbox.filter((item) => item.clientId !== clientId);
  return outbox.length === conversation.outbox.length ? conversation : { ...conversation, outbox };
}

function extend(draft: Draft | null, replyId: string, text: string): Draft {
  if (draft?.replyId !== replyId) return { replyId, text, broken: false };
  return draft.broken ? draft : { ...draft, text: draft.text + text };
}

function changeState(conversation: Conversation, change: StateChange): Conversation {
  const { state, owner, assistant, person_asked, language, actions, appointment } = change;
  const silenced = owner === "human";
  return {
    ...conversation,
    status: { state, owner, assistant, person_asked, language },
    actions,
    appointment: appointment ?? null,
    draft: silenced ? null : conversation.draft,
  };
}

function mark(conversation: Conversation, change: Extract<ChatAction, { kind: "delivery" }>): Conversation {
  const { clientId, delivery, reason } = change;
  const outbox = conversation.outbox.map((item) =>
    item.clientId === clientId ? { ...item, delivery, ...(reason === undefined ? {} : { reason }) } : item,
  );
  return { ...conversation, outbox };
}
