import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useEffectEvent, useState } from "react";

import { type KeyAction, keyAction } from "./keys";
import { follow } from "./live";
import { keepRow } from "./queries";

const SHOW_DOWN_AFTER_MS = 3_000; // the stream ends every ten minutes, to be opened again at once

/** The time, anew each `everyMs`. */
export function useNow(everyMs: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** Keeps lists and conversations up to date; false while the stream is down. */
export function useLive(myId: string): boolean {
  const client = useQueryClient();
  const [isLive, setLive] = useState(true);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wasDown = false;
    const stop = follow({
      onRow: (row) => {
        keepRow(client, row, myId);
        void client.invalidateQueries({ queryKey: ["conversation", row.id] });
        void client.invalidateQueries({ queryKey: ["timeline", row.lead.id] });
      },
      onOpen: () => {
        clearTimeout(timer);
        setLive(true);
        if (wasDown) void client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" });
        wasDown = false;
      },
      onDown: () => {
        wasDown = true;
        clearTimeout(timer);
        timer = setTimeout(() => setLive(false), SHOW_DOWN_AFTER_MS);
      },
      onRefused: () => void client.invalidateQueries({ queryKey: ["me"] }),
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [client, myId]);
  return isLive;
}

/** Single keys, while nobody types and no dialog is open. */
export function useKeys(enabled: boolean, onKey: (action: KeyAction) => void): void {
  const act = useEffectEvent(onKey);
  useEffect(() => {
    if (!enabled) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('[role="dialog"]')) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      const { key, ctrlKey, metaKey, altKey } = event;
      const action = keyAction({
        key,
        ctrlKey,
        metaKey,
        altKey,
        tag: target.tagName,
        editable: target.isContentEditable,
      });
      if (!action) return;
      event.preventDefault();
      act(action);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [enabled]);
}
