/** Pauses that end early when the page is looked at again or the network is back. */

export interface Waker {
  sleep: (ms: number) => Promise<void>;
}

export function createWaker(signal: AbortSignal): Waker {
  const waiting = new Set<() => void>();
  const wake = (): void => waiting.forEach((end) => end());
  window.addEventListener("online", wake, { signal });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && wake(), { signal });
  signal.addEventListener("abort", wake);
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      waiting.add(end);
    });
  return { sleep };
}
