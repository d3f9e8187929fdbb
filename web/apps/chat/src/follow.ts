/** Keeps the page up to date: the stream while it works, polling while it does not. */
import { ApiError, isGone } from "./api";
import type { Connection } from "./conversation";
import type { StreamHooks } from "./stream";

const FAILURES_BEFORE_POLLING = 2;
const POLL_EVERY_MS = 3_000;
const POLL_FOR_MS = 60_000; // then the stream gets another try
const AFTER_FAILURE_MS = 1_000;

export interface FollowDeps {
  /** Resolves with the pause before the next stream when the server ends it; throws `ApiError` when it fails. */
  stream: (hooks: Pick<StreamHooks, "onAlive">) => Promise<number>;
  /** Fetches and shows what is new; throws `ApiError`. */
  poll: () => Promise<void>;
  onConnection: (connection: Connection) => void;
  onStreamLost: () => void;
  /** May return early, when there is a reason to try sooner. */
  sleep: (ms: number) => Promise<void>;
  now: () => number;
}

/** Runs until `signal` aborts; throws the `ApiError` that says that the link is gone. */
export async function follow(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const onAlive = () => {
      failures = 0;
      deps.onConnection("live");
    };
    try {
      await deps.sleep(await deps.stream({ onAlive }));
    } catch (error) {
      if (signal.aborted) return;
      if (isGone(error)) throw error;
      failures += 1;
      deps.onStreamLost();
      if (failures < FAILURES_BEFORE_POLLING) await deps.sleep(AFTER_FAILURE_MS);
      else await pollForAWhile(deps, signal);
    }
  }
}

/** Ends early when the server is back after an outage: the stream has probably come back with it. */
async function pollForAWhile(deps: FollowDeps, signal: AbortSignal): Promise<void> {
  const until = deps.now() + POLL_FOR_MS;
  let wasOffline = false;
  while (!signal.aborted && deps.now() < until) {
    const pauseMs = await pollOnce(deps);
    if (pauseMs === null && wasOffline) return;
    wasOffline = pauseMs !== null;
    await deps.sleep(pauseMs ?? POLL_EVERY_MS);
  }
}

/** Null when the poll went through, otherwise the pause that the failure asks for. */
async function pollOnce(deps: FollowDeps): Promise<number | null> {
  try {
    await deps.poll();
    deps.onConnection("polling");
    return null;
  } catch (error) {
    if (isGone(error)) throw error;
    deps.onConnection("offline");
    return Math.max(POLL_EVERY_MS, (error instanceof ApiError && error.retryAfterMs) || 0);
  }
}
