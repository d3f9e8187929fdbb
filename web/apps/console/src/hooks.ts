import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useEffect, useEffectEvent, useRef, useState } from "react";

import { api } from "./api";
import { keyAction } from "./keys";
import { follow } from "./live";
import { keepPresent, keepRow } from "./queries";
import type { Present } from "./types";

const BEAT_MS = 15_000; // chat forgets a member of whom it hears nothing for 40 s
const TYPING_MS = 5_000; // and takes the turn to reply back after 20 s without a key
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

/**
 * Tells the others that this member has the conversation open, as long as the page is looked at. The answer asks for the
 * turn to reply while they type, and gives it up.
 */
export function usePresence(id: string): (writing: boolean) => void {
  const client = useQueryClient();
  const askedAt = useRef(0);
  const tell = useCallback(
    (writing?: boolean) => {
      const keep = (present: Present[]) => keepPresent(client, id, present);
      api.beHere(id, writing).then(keep, () => undefined); // the next one tells again
    },
    [client, id],
  );
  useEffect(() => {
    const beat = () => document.visibilityState === "visible" && tell();
    const leave = () => void api.leave(id).catch(() => undefined);
    const onChange = () => (document.visibilityState === "visible" ? tell() : leave());
    beat();
    const timer = setInterval(beat, BEAT_MS);
    document.addEventListener("visibilitychange", onChange);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", onChange);
      leave();
    };
  }, [id, tell]);
  return useCallback(
    (writing: boolean) => {
      const now = Date.now();
      if (writing ? now - askedAt.current < TYPING_MS : askedAt.current === 0) return;
      askedAt.current = writing ? now : 0;
      tell(writing);
    },
    [tell],
  );
}

/** Single keys, while nobody types and no dialog is open. */
export function useKeys<Action>(
  keys: { key: string; action: Action }[],
  enabled: boolean,
  onKey: (action: Action) => void,
): void {
  const act = useEffectEvent(onKey);
  useEffect(() => {
    if (!enabled) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.defaultPrevented || document.querySelector('[role="dialog"]')) return;
      const target = event.target instanceof HTMLElement ? event.target : document.body;
      const { key, ctrlKey, metaKey, altKey } = event;
      const action = keyAction(keys, {
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
  }, [keys, enabled]);
}
