import { afterEach, beforeEach, expect, test, vi } from "vitest";

import type { StreamEvent } from "../src/conversation";
import { openStream, readStream } from "../src/stream";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function bodyOf(chunks: Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      chunks.forEach((chunk) => controller.enqueue(chunk));
      controller.close();
    },
  });
}

async function read(chunks: Uint8Array[]): Promise<{ events: StreamEvent[]; reads: number; retryMs: number }> {
  const events: StreamEvent[] = [];
  let reads = 0;
  const retryMs = await readStream(bodyOf(chunks), (event) => events.push(event), () => (reads += 1));
  return { events, reads, retryMs };
}

/** A response that stays open, and fails its reads when the request is aborted, as a browser's does. */
function openResponse(signal: AbortSignal, first?: string): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      if (first) controller.enqueue(bytes(first));
      signal.addEventListener("abort", () => controller.error(new DOMException("aborted", "AbortError")));
    },
  });
  return new Response(body, { status: 200 });
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("events are read whole although their bytes come in pieces, within a character too", async () => {
  const all = bytes('event: delta\ndata: {"reply_id":"r1","text":"café"}\n\nevent: typing\ndata: {"on":true}\n\n');
  const { events } = await read(Array.from(all, (byte) => Uint8Array.of(byte)));
  expect(events).toEqual([
    { kind: "delta", replyId: "r1", text: "café" },
    { kind: "typing", on: true },
  ]);
});

test("a heartbeat is a sign of life and no event", async () => {
  expect(await read([bytes(": beat\n\n")])).toMatchObject({ events: [], reads: 1 });
});

test("an event that is unknown or unreadable is passed over", async () => {
  const { events } = await read([bytes('event: later\ndata: {}\n\nevent: typing\ndata: {oops\n\nevent: typing\ndata: {"on":false}\n\n')]);
  expect(events).toEqual([{ kind: "typing", on: false }]);
});

test("the server's retry is the pause before the next stream", async () => {
  expect((await read([bytes("retry: 250\n\n")])).retryMs).toBe(250);
});

test("the stream is asked for with the token in a header, from the last message on", async () => {
  const fetched = vi.fn(async () => new Response(bodyOf([bytes(": beat\n\n")])));
  vi.stubGlobal("fetch", fetched);
  await openStream("t1", 7, { onEvent: () => undefined, onAlive: () => undefined }, new AbortController().signal);
  expect(fetched).toHaveBeenCalledWith(
    "/api/chat/stream",
    expect.objectContaining({ headers: expect.objectContaining({ Authorization: "Bearer t1", "Last-Event-ID": "7" }) }),
  );
});

test("a refused stream fails with the status of the answer", async () => {
  vi.stubGlobal("fetch", async () => new Response('{"code":"not_found"}', { status: 404 }));
  const opening = openStream("t1", 0, { onEvent: () => undefined, onAlive: () => undefined }, new AbortController().signal);
  await expect(opening).rejects.toMatchObject({ status: 404, code: "not_found" });
});

test.each([
  { name: "a stream that falls silent fails after 40 s", first: ": beat\n\n", aliveAt: 39_900, deadAt: 200 },
  { name: "a stream that never brings a byte fails after 20 s", first: undefined, aliveAt: 19_900, deadAt: 200 },
])("$name", async ({ first, aliveAt, deadAt }) => {
  vi.stubGlobal("fetch", async (_: string, init: { signal: AbortSignal }) => openResponse(init.signal, first));
  const failed = vi.fn();
  const hooks = { onEvent: () => undefined, onAlive: () => undefined };
  const opening = openStream("t1", 0, hooks, new AbortController().signal).catch(failed);
  await vi.advanceTimersByTimeAsync(aliveAt);
  expect(failed).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(deadAt);
  await opening;
  expect(failed).toHaveBeenCalledWith(expect.objectContaining({ status: 0 }));
});
