import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { KEYS, keyAction } from "../src/keys";
import { follow, pauseSeconds, toRow } from "../src/live";
import { row } from "./samples";

class Source extends EventTarget {
  static readonly CLOSED = 2;
  static all: Source[] = [];
  readyState = 1;
  close = () => {
    this.readyState = Source.CLOSED;
  };
  constructor() {
    super();
    Source.all.push(this);
  }
  fails(readyState: number) {
    this.readyState = readyState;
    this.dispatchEvent(new Event("error"));
  }
}

beforeEach(() => {
  Source.all = [];
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", Source);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const hooks = () => ({ onRow: vi.fn(), onOpen: vi.fn(), onDown: vi.fn(), onRefused: vi.fn() });

it("hands over the rows that changed", () => {
  const told = hooks();
  follow(told);
  Source.all[0]?.dispatchEvent(new MessageEvent("conversation", { data: JSON.stringify(row("a")) }));
  Source.all[0]?.dispatchEvent(new MessageEvent("conversation", { data: "{" }));
  expect(told.onRow.mock.calls).toEqual([[row("a")]]);
});

it("lets the browser reconnect, and opens a refused stream again after longer and longer pauses", () => {
  const told = hooks();
  const stop = follow(told);
  Source.all[0]?.fails(0);
  expect(told.onDown).toHaveBeenCalledOnce();
  expect(told.onRefused).not.toHaveBeenCalled();
  Source.all[0]?.fails(Source.CLOSED);
  expect(told.onRefused).toHaveBeenCalledOnce();
  vi.advanceTimersByTime(1_000);
  Source.all[1]?.fails(Source.CLOSED);
  vi.advanceTimersByTime(1_000);
  expect(Source.all).toHaveLength(2);
  vi.advanceTimersByTime(1_000);
  expect(Source.all).toHaveLength(3);
  stop();
  Source.all[2]?.fails(Source.CLOSED);
});

it("opens nothing after it was stopped", () => {
  const stop = follow(hooks());
  Source.all[0]?.fails(Source.CLOSED);
  stop();
  vi.advanceTimersByTime(60_000);
  expect(Source.all).toHaveLength(1);
});

it("waits at most half a minute", () => {
  expect([1, 2, 3, 6, 20].map(pauseSeconds)).toEqual([1, 2, 4, 30, 30]);
});

it("passes over what is no row", () => {
  expect(["{", "null", "{}", "3"].map(toRow)).toEqual([null, null, null, null]);
});

it("knows its keys, and leaves typing and the browser's own alone", () => {
  const pressed = { key: "j", ctrlKey: false, metaKey: false, altKey: false, tag: "BODY", editable: false };
  expect(keyAction(KEYS, pressed)).toBe("next");
  expect(keyAction(KEYS, { ...pressed, key: "?" })).toBe("help");
  expect(keyAction(KEYS, { ...pressed, key: "x" })).toBeNull();
  for (const other of [{ tag: "TEXTAREA" }, { tag: "INPUT" }, { ctrlKey: true }, { metaKey: true }, { editable: true }]) {
    expect(keyAction(KEYS, { ...pressed, ...other })).toBeNull();
  }
});
