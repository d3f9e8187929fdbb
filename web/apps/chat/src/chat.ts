/** The running chat: loads the session, follows the conversation and sends; the page only shows `state()` and calls back. */
import { ApiError, chatApi, isGone } from "./api";
import { cursorOf, initialState, reduce } from "./conversation";
import type { ChatAction, ChatState, Connection, Outgoing } from "./conversation";
import { deliver } from "./deliver";
import { follow } from "./follow";
import { openStream } from "./stream";
import type { Say } from "./types";
import { uuid } from "./uuid";
import { createWaker } from "./waker";

const LOAD_BACKOFF_MS = [1_000, 2_000, 4_000, 8_000];

export interface Chat {
  subscribe: (listener: () => void) => () => void;
  state: () => ChatState;
  /** `label` is what the customer sees as sent: the words, or the caption of the button. */
  send: (say: Say, label: string) => void;
  retry: (outgoing: Outgoing) => void;
  drop: (clientId: string) => void;
  /** Starts everything; the answer stops it. */
  start: () => () => void;
}

export function createChat(token: string): Chat {
  const api = chatApi(token);
  const listeners = new Set<() => void>();
  let state = initialState;
  let sending: Promise<void> = Promise.resolve();

  const apply = (action: ChatAction): void => {
    const next = reduce(state, action);
    if (next === state) return;
    state = next;
    listeners.forEach((listener) => listener());
  };

  const post = async (outgoing: Outgoing): Promise<void> => {
    const { clientId, say } = outgoing;
    const delivery = await deliver(() => api.send(clientId, say), pause);
    if (delivery.kind === "sent") apply({ kind: "sent", clientId, message: delivery.message });
    else if (delivery.kind === "gone") apply({ kind: "gone" });
    else if (delivery.kind === "refused") apply({ kind: "delivery", clientId, delivery: "refused", reason: delivery.reason });
    else apply({ kind: "delivery", clientId, delivery: "unsent" });
  };

  // One after the other: messages reach the server in the order in which they were written.
  const enqueue = (outgoing: Outgoing): void => {
    sending = sending.then(() => post(outgoing));
  };

  const retry = (outgoing: Outgoing): void => {
    apply({ kind: "delivery", clientId: outgoing.clientId, delivery: "sending" });
    enqueue(outgoing);
  };

  const retryUnsent = (): void => {
    if (state.phase !== "ready") return;
    state.conversation.outbox.filter((item) => item.delivery === "unsent").forEach(retry);
  };

  const send = (say: Say, label: string): void => {
    const outgoing: Outgoing = {
      clientId: uuid(),
      say,
      label,
      createdAt: new Date().toISOString(),
      delivery: "sending",
    };
    apply({ kind: "queued", outgoing });
    enqueue(outgoing);
  };

  const refresh = async (): Promise<void> => apply({ kind: "loaded", session: await api.session() });

  const onConnection = (connection: Connection): void => {
    const wasOffline = state.phase !== "gone" && state.connection === "offline";
    apply({ kind: "connection", connection });
    if (wasOffline && connection !== "offline") retryUnsent();
  };

  /** Messages do not carry the buttons, so a poll that brings something asks for the whole session too. */
  const poll = async (): Promise<void> => {
    const messages = await api.messagesAfter(cursorOf(state));
    messages.forEach((message) => apply({ kind: "message", message }));
    if (messages.length > 0) await refresh();
  };

  const load = async (sleep: (ms: number) => Promise<void>, signal: AbortSignal): Promise<void> => {
    for (let attempt = 0; !signal.aborted; attempt += 1) {
      try {
        await refresh();
        return onConnection("live");
      } catch (error) {
        if (isGone(error)) throw error;
        onConnection("offline");
        const backoff = LOAD_BACKOFF_MS[Math.min(attempt, LOAD_BACKOFF_MS.length - 1)] ?? 0;
        await sleep(Math.max(backoff, (error instanceof ApiError && error.retryAfterMs) || 0));
      }
    }
  };

  const run = async (signal: AbortSignal): Promise<void> => {
    const waker = createWaker(signal);
    await load(waker.sleep, signal);
    let streams = 0;
    const stream = (hooks: { onAlive: () => void }): Promise<number> => {
      streams += 1;
      // A change of state between two streams has no seq to resume from.
      if (streams > 1) void refresh().catch(() => undefined);
      return openStream(token, cursorOf(state), { onEvent: apply, ...hooks }, signal);
    };
    const onStreamLost = (): void => apply({ kind: "stream_lost" });
    await follow({ stream, poll, onConnection, onStreamLost, sleep: waker.sleep, now: Date.now }, signal);
  };

  const start = (): (() => void) => {
    const stopper = new AbortController();
    window.addEventListener("online", retryUnsent, { signal: stopper.signal });
    run(stopper.signal).catch((error: unknown) => {
      if (isGone(error)) apply({ kind: "gone" });
      else throw error;
    });
    return () => stopper.abort();
  };

  const subscribe = (listener: () => void): (() => void) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };

  return {
    subscribe,
    state: () => state,
    send,
    retry,
    drop: (clientId) => apply({ kind: "dropped", clientId }),
    start,
  };
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
