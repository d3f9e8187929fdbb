import { beforeEach, expect, it } from "vitest";

import { emptyDraft, forgetDrafts, keepDraft, keptDraft, seenSeq, typed } from "../src/draft";
import { message } from "./samples";

class Store implements Storage {
  #kept = new Map<string, string>();
  get length() {
    return this.#kept.size;
  }
  clear = () => this.#kept.clear();
  getItem = (key: string) => this.#kept.get(key) ?? null;
  key = (index: number) => [...this.#kept.keys()][index] ?? null;
  removeItem = (key: string) => void this.#kept.delete(key);
  setItem = (key: string, value: string) => void this.#kept.set(key, value);
}

let store: Store;
beforeEach(() => {
  store = new Store();
});

it("is kept for each conversation and kind, with the id that it was sent with", () => {
  keepDraft("reply", "a", { text: "Hello", clientId: "1", seenSeq: 7 }, store);
  expect(keptDraft("reply", "a", store)).toEqual({ text: "Hello", clientId: "1", seenSeq: 7 });
  expect(keptDraft("note", "a", store).text).toBe("");
  expect(keptDraft("reply", "b", store).text).toBe("");
});

it("is gone once it was sent, and all are at sign-out", () => {
  keepDraft("reply", "a", { text: "Hello", clientId: "1", seenSeq: 7 }, store);
  keepDraft("note", "b", { text: "Look", clientId: "2", seenSeq: 7 }, store);
  store.setItem("other", "stays");
  keepDraft("reply", "a", { text: "", clientId: "3", seenSeq: 7 }, store);
  expect(store.length).toBe(2);
  forgetDrafts(store);
  expect(store.key(0)).toBe("other");
  expect(store.length).toBe(1);
});

it("survives a store that holds something else", () => {
  store.setItem("console.reply.a", "{");
  expect(keptDraft("reply", "a", store).text).toBe("");
});

it("keeps its id while it is typed, and gets a new one when words change that may have been sent", () => {
  const draft = { text: "Hello", clientId: "1", seenSeq: 7 };
  expect(typed(draft, "Hello!", false, 9)).toEqual({ text: "Hello!", clientId: "1", seenSeq: 7 });
  expect(typed(draft, "Hello", true, 9)).toEqual(draft);
  expect(typed(draft, "Hello!", true, 9).clientId).not.toBe("1");
});

it("knows the conversation as it was when it was begun", () => {
  expect(typed(emptyDraft(), "H", false, 4).seenSeq).toBe(4);
  expect(typed({ ...emptyDraft(), seenSeq: 6 }, "H", false, 4).seenSeq).toBe(6); // after a reply that is not on the page yet
});

it("has seen what the customer adds, and not what the shop or its assistant answers meanwhile", () => {
  const draft = { text: "Hello", clientId: "1", seenSeq: 2 };
  const [one, two, three] = [message(1), message(2), message(3)];
  expect(seenSeq(draft, [one, two, three])).toBe(3);
  expect(seenSeq(draft, [one, two, three, message(4, { author: "staff" }), message(5)])).toBe(3);
  expect(seenSeq(draft, [one, two, message(3, { author: "assistant" })])).toBe(2);
  expect(seenSeq(draft, [one, message(2, { author: "staff" })])).toBe(2);
  expect(seenSeq({ ...draft, seenSeq: null }, [one, message(2, { author: "staff" })])).toBe(2);
});
