import { afterEach, expect, it, vi } from "vitest";

import { ApiError, api, isSignedOut, isTransient, query, retryAfterSeconds } from "../src/api";
import { errorText, linkErrorText, wait } from "../src/words";

afterEach(() => vi.unstubAllGlobals());

const answers = (status: number, body: unknown, headers: Record<string, string> = {}) => {
  const fetched = vi.fn(async () => new Response(status === 204 ? null : JSON.stringify(body), { status, headers }));
  vi.stubGlobal("fetch", fetched);
  return fetched;
};

it("asks with what is given, and only that", () => {
  expect(query({ state: "waiting", location: "", q: "Noa & co", before: undefined })).toBe("?state=waiting&q=Noa+%26+co");
  expect(query({})).toBe("");
});

it("sends a reply under its id, with the browser's own cookie", async () => {
  const fetched = answers(201, { message: { seq: 1 } });
  await api.write("c1", "id-1", "Hello", 7);
  expect(fetched).toHaveBeenCalledWith(
    "/api/staff/conversations/c1/messages",
    expect.objectContaining({
      method: "POST",
      credentials: "same-origin",
      body: JSON.stringify({ client_id: "id-1", text: "Hello", seen_seq: 7 }),
    }),
  );
});

it("tells what was wrong", async () => {
  answers(401, { code: "not_signed_in", detail: "Sign in first" });
  const error = await api.me().catch((one: unknown) => one);
  expect(isSignedOut(error)).toBe(true);
  expect(isTransient(error)).toBe(false);
});

it("takes a lost connection and a body that is no JSON for no answer", async () => {
  vi.stubGlobal("fetch", async () => Promise.reject(new TypeError("failed")));
  await expect(api.me()).rejects.toMatchObject({ status: 0 });
  vi.stubGlobal("fetch", async () => new Response("<html>", { status: 200 }));
  await expect(api.me()).rejects.toMatchObject({ status: 0 });
});

it("says how long to wait", async () => {
  answers(429, { code: "limited" }, { "Retry-After": "90" });
  const error = await api.login("sam@sample.test").catch((one: unknown) => one);
  expect(errorText(error)).toBe("Too many requests. Try again in 2 minutes.");
  expect([1, 40, 60, 61].map(wait)).toEqual(["1 second", "40 seconds", "1 minute", "2 minutes"]);
});

it.each([
  ["12", 12],
  ["Mon, 30 Nov 2026 17:00:30 GMT", 30],
  ["soon", null],
  [null, null],
])("reads Retry-After %s", (header, seconds) => {
  expect(retryAfterSeconds(header, Date.UTC(2026, 10, 30, 17))).toBe(seconds);
});

it.each([
  [new ApiError(0), "No answer from the server"],
  [new ApiError(403, "", "read_only"), "may look, and not write"],
  [new ApiError(404), "no such conversation"],
  [new ApiError(404, "There is no such lead at your locations.", "not_found"), "no such lead"],
  [new ApiError(503), "not well"],
  [new ApiError(422, "text: too long"), "text: too long"],
])("words %s", (error, words) => expect(errorText(error)).toContain(words));

it("says of a used link to ask for a new one", () => {
  expect(linkErrorText(new ApiError(401, "", "login_not_valid"))).toContain("Ask for a new one");
});
