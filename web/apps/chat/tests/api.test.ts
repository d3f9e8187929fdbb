import { afterEach, expect, test, vi } from "vitest";

import { chatApi, retryAfterMs } from "../src/api";

afterEach(() => vi.unstubAllGlobals());

test.each([
  ["7", 7_000],
  ["Fri, 28 Nov 2025 17:00:30 GMT", 30_000],
  ["soon", null],
  [null, null],
])("Retry-After %s", (header, expected) => {
  expect(retryAfterMs(header, Date.parse("2025-11-28T17:00:00Z"))).toBe(expected);
});

test("a message goes out with its client id and the token in a header only", async () => {
  const fetched = vi.fn(async (_path: string, _init: RequestInit) => Response.json({ message: { seq: 2 } }, { status: 202 }));
  vi.stubGlobal("fetch", fetched);
  await chatApi("t1").send("id-1", { action: "see_prices" });
  const [path, init] = fetched.mock.calls[0] ?? [];
  expect(path).toBe("/api/chat/message");
  expect(init?.headers).toMatchObject({ Authorization: "Bearer t1" });
  expect(JSON.parse(String(init?.body))).toEqual({ client_id: "id-1", action: "see_prices" });
});

test("a problem document becomes an error with its code", async () => {
  const problem = { type: "about:blank", title: "Conflict", status: 409, detail: "Too late", code: "too_late" };
  vi.stubGlobal("fetch", async () => Response.json(problem, { status: 409 }));
  await expect(chatApi("t1").session()).rejects.toMatchObject({ status: 409, code: "too_late", message: "Too late" });
});

test("no answer, and a page that is no JSON, are failures that may pass", async () => {
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("offline")));
  await expect(chatApi("t1").session()).rejects.toMatchObject({ status: 0 });
  vi.stubGlobal("fetch", async () => new Response("<html>"));
  await expect(chatApi("t1").session()).rejects.toMatchObject({ status: 0 });
});
