/** The live stream: server-sent events read with fetch, since EventSource cannot send the Authorization header. */
import { createParser } from "eventsource-parser";

import { ApiError, toApiError } from "./api";
import type { StreamEvent } from "./conversation";
import type { Message, StateChange } from "./types";

const SILENCE_MS = 40_000; // the server's heartbeat comes every 15 s
const FIRST_BYTE_MS = 20_000; // one heartbeat and slack: a proxy that buffers the stream shows here
const RECONNECT_MS = 1_000; // until the server says otherwise with `retry:`

export interface StreamHooks {
  onEvent: (event: StreamEvent) => void;
  /** Called once, when the first bytes have come through. */
  onAlive: () => void;
}

/** Null for an event that this page does not know or cannot read; a newer server may send such. */
export function toStreamEvent(name: string | undefined, data: string): StreamEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return null;
  }
  if (typeof value !== "object" || value === null) return null;
  switch (name) {
    case "message":
      return { kind: "message", message: value as Message };
    case "delta": {
      const { reply_id, text } = value as { reply_id: string; text: string };
      return { kind: "delta", replyId: reply_id, text };
    }
    case "typing":
      return { kind: "typing", on: (value as { on: boolean }).on };
    case "state":
      return { kind: "state", change: value as StateChange };
    default:
      return null;
  }
}

/** Reads until the server ends the stream; answers with the pause that it asked for before the next one. */
export async function readStream(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: StreamEvent) => void,
  onBytes: () => void,
): Promise<number> {
  let retryMs = RECONNECT_MS;
  const parser = createParser({
    onEvent: ({ event, data }) => {
      const known = toStreamEvent(event, data);
      if (known) onEvent(known);
    },
    onRetry: (ms) => {
      retryMs = ms;
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return retryMs;
    onBytes();
    parser.feed(decoder.decode(value, { stream: true }));
  }
}

/**
 * Follows the stream from the message after `seq` to its end by the server, and answers with the pause before the next.
 * Throws `ApiError` when it is refused, breaks or falls silent.
 */
export async function openStream(token: string, seq: number, hooks: StreamHooks, signal: AbortSignal): Promise<number> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  signal.addEventListener("abort", abort, { once: true });
  let alive = false;
  let watchdog = setTimeout(abort, FIRST_BYTE_MS);
  const onBytes = () => {
    clearTimeout(watchdog);
    watchdog = setTimeout(abort, SILENCE_MS);
    if (!alive) hooks.onAlive();
    alive = true;
  };
  try {
    const response = await fetch("/api/chat/stream", {
      headers: { Authorization: `Bearer ${token}`, Accept: "text/event-stream", "Last-Event-ID": String(seq) },
      cache: "no-store",
      credentials: "omit",
      signal: connection.signal,
    });
    if (!response.ok) throw await toApiError(response);
    if (!response.body) throw new ApiError(0, "the stream has no body");
    return await readStream(response.body, hooks.onEvent, onBytes);
  } catch (error) {
    throw error instanceof ApiError ? error : new ApiError(0, String(error));
  } finally {
    clearTimeout(watchdog);
    signal.removeEventListener("abort", abort);
    abort();
  }
}
