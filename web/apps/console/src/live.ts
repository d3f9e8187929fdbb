/** The inbox's stream of server-sent events, opened again whenever it ends. */
import type { Row } from "./types";

export interface LiveHooks {
  onRow: (row: Row) => void;
  /** After each (re)connection: what happened meanwhile was missed. */
  onOpen: () => void;
  onDown: () => void;
  /** The server refuses the stream: perhaps nobody is signed in any more. */
  onRefused: () => void;
}

const MOST_SECONDS = 30;

/** Before the attempt after `failures` in a row. */
export const pauseSeconds = (failures: number): number => Math.min(MOST_SECONDS, 2 ** Math.max(0, failures - 1));

/** Null for what this page cannot read; a newer server may send such. */
export function toRow(data: string): Row | null {
  try {
    const row = JSON.parse(data) as Row | null;
    return typeof row?.id === "string" ? row : null;
  } catch {
    return null;
  }
}

/** Until the answer is called. */
export function follow(hooks: LiveHooks): () => void {
  let source: EventSource | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  const open = () => {
    source = new EventSource("/api/staff/stream");
    source.addEventListener("open", () => {
      failures = 0;
      hooks.onOpen();
    });
    source.addEventListener("conversation", (event: MessageEvent<string>) => {
      const row = toRow(event.data);
      if (row) hooks.onRow(row);
    });
    source.addEventListener("error", () => {
      hooks.onDown();
      if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
      failures += 1;
      hooks.onRefused();
      timer = setTimeout(open, pauseSeconds(failures) * 1000);
    });
  };
  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}
