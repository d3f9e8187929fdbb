import { beforeEach, expect, it } from "vitest";

import { forgetDrafts, keepDraft, keptDraft, typed } from "../src/draft";

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
  keepDraft("reply", "a", { text: "Hello", clientId: "1" }, store);
  expect(keptDraft("reply", "a", store)).toEqual({ text: "Hello", clientId: "1" });
  expect(keptDraft("note", "a", store).text).toBe("");
  expect(keptDraft("reply", "b", store).text).toBe("");
});

it("is gone once it was sent, and all are at sign-out", () => {
  keepDraft("reply", "a", { text: "Hello", clientId: "1" }, store);
  keepDraft("note", "b", { text: "Look", clientId: "2" }, store);
  store.setItem("other", "stays");
  keepDraft("reply", "a", { text: "", clientId: "3" }, store);
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
  const draft = { text: "Hello", clientId: "1" };
  expect(typed(draft, "Hello!", false)).toEqual({ text: "Hello!", clientId: "1" });
  expect(typed(draft, "Hello", true)).toEqual(draft);
  expect(typed(draft, "Hello!", true).clientId).not.toBe("1");
});
