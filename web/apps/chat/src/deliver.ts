/** Sending with retries: the same client id every time, so the server keeps one message however often it arrives. */
import { ApiError, isGone, isTransient } from "./api";
import type { Message } from "./types";

const BACKOFF_MS = [1_000, 3_000, 6_000]; // long enough for a restart of the service; then the customer decides
const LONGEST_WAIT_MS = 10_000; // a longer Retry-After is shown as "not sent" instead of a wait without end

export type Delivery =
  | { kind: "sent"; message: Message }
  | { kind: "unsent" }
  | { kind: "refused"; reason: string }
  | { kind: "gone" };

export async function deliver(post: () => Promise<Message>, sleep: (ms: number) => Promise<void>): Promise<Delivery> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return { kind: "sent", message: await post() };
    } catch (error) {
      if (isGone(error)) return { kind: "gone" };
      if (!isTransient(error)) return { kind: "refused", reason: reasonOf(error) };
      const pauseMs = pauseBefore(attempt, error as ApiError);
      if (pauseMs === null) return { kind: "unsent" };
      await sleep(pauseMs);
    }
  }
}

function pauseBefore(attempt: number, error: ApiError): number | null {
  const backoff = BACKOFF_MS[attempt];
  if (backoff === undefined) return null;
  const pauseMs = Math.max(backoff, error.retryAfterMs ?? 0);
  return pauseMs > LONGEST_WAIT_MS ? null : pauseMs;
}

function reasonOf(error: unknown): string {
  if (error instanceof ApiError && error.status === 422) return "This message is empty or longer than 4,000 characters.";
  return "This message could not be accepted.";
}
