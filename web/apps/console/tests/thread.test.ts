import { expect, it } from "vitest";

import { earlier, entries, quotesOf } from "../src/thread";
import type { Quote } from "../src/types";
import { message, note, opened } from "./samples";

it("puts pages and notes into one order, each once", () => {
  const newer = opened([message(3), message(4)], [note("n1", message(3).created_at)]);
  const older = opened([message(1), message(2)], [note("n1", message(3).created_at)]);
  const order = entries([newer, older]).map((one) => (one.kind === "note" ? one.note.id : one.message.id));
  expect(order).toEqual(["m1", "m2", "n1", "m3", "m4"]);
});

it("asks for what is before a full page, of the notes too where there are more", () => {
  const full = Array.from({ length: 200 }, (_, index) => message(index + 7));
  expect(earlier(opened(full))).toEqual({ seq: 7 });
  const notes = Array.from({ length: 200 }, (_, index) => note(`n${index}`, message(index).created_at));
  expect(earlier(opened(full, notes))).toEqual({ seq: 7, notes: notes[0]?.created_at });
  expect(earlier(opened(full.slice(1)))).toBeUndefined();
  expect(earlier(opened([]))).toBeUndefined();
});

it("finds the quotes, newest first and each once", () => {
  const quote = (id: string) => ({ kind: "quote" as const, quote: { id } as Quote });
  const messages = [message(1, { parts: [quote("a")] }), message(2, { parts: [quote("b")] }), message(3, { parts: [quote("a")] })];
  expect(quotesOf(messages).map(({ id }) => id)).toEqual(["b", "a"]);
});
