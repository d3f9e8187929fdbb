/** Keeps a scrolling list at its end while the reader is there, and leaves it alone when they have scrolled up. */
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { RefObject } from "react";

const NEAR_PX = 80;

export interface Stick {
  scroller: RefObject<HTMLDivElement | null>;
  content: RefObject<HTMLDivElement | null>;
  atBottom: boolean;
  toBottom: () => void;
}

/** `ownCount` rises with every message of the reader's own, which always brings the end into view. */
export function useStickToBottom(ownCount: number): Stick {
  const scroller = useRef<HTMLDivElement | null>(null);
  const content = useRef<HTMLDivElement | null>(null);
  const stuck = useRef(true);
  const [atBottom, setAtBottom] = useState(true);

  const toBottom = useCallback(() => {
    const box = scroller.current;
    if (!box) return;
    stuck.current = true;
    box.scrollTop = box.scrollHeight;
  }, []);

  useLayoutEffect(toBottom, [ownCount, toBottom]);

  useEffect(() => {
    const box = scroller.current;
    if (!box || !content.current) return;
    const onScroll = (): void => {
      stuck.current = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR_PX;
      setAtBottom(stuck.current);
    };
    // Both sizes matter: new messages grow the content, the keyboard shrinks the box.
    const resized = new ResizeObserver(() => stuck.current && toBottom());
    resized.observe(box);
    resized.observe(content.current);
    box.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      resized.disconnect();
      box.removeEventListener("scroll", onScroll);
    };
  }, [toBottom]);

  return { scroller, content, atBottom, toBottom };
}
