import { useEffect } from "react";

/** Sets `--visible-height` to what the keyboard leaves free: iOS covers the page with it instead of resizing the page. */
export function useVisibleHeight(): void {
  useEffect(() => {
    const viewport = window.visualViewport;
    if (!viewport) return;
    const root = document.documentElement;
    const update = (): void => {
      const zoomed = viewport.scale > 1.01;
      if (zoomed) root.style.removeProperty("--visible-height");
      else root.style.setProperty("--visible-height", `${viewport.height}px`);
      window.scrollTo(0, 0); // iOS moves the page up under the keyboard
    };
    update();
    viewport.addEventListener("resize", update);
    return () => {
      viewport.removeEventListener("resize", update);
      root.style.removeProperty("--visible-height");
    };
  }, []);
}
