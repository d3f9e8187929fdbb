import { expect, test } from "vitest";

import { ApiError } from "../src/api";
import type { Connection } from "../src/conversation";
import { follow } from "../src/follow";
import type { FollowDeps } from "../src/follow";

const offline = (): never => {
  throw new ApiError(0);
};

interface Script {
  /** What the nth stream does, from 0; `end` ends the test. */
  stream: (nth: number, hooks: { onAlive: () => void }, end: () => void) => number;
  poll?: (nth: number) => void;
}

/** Runs `follow` on a clock of its own and tells when each thing happened, in ms. */
async function run({ stream, poll = () => undefined }: Script) {
  const stopper = new AbortController();
  const seen = { streams: [] as number[], polls: [] as number[], connections: [] as Connection[], lost: 0 };
  let clock = 0;
  const deps: FollowDeps = {
    stream: async (hooks) => {
      seen.streams.push(clock);
      return stream(seen.streams.length - 1, hooks, () => stopper.abort());
    },
    poll: async () => {
      seen.polls.push(clock);
      poll(seen.polls.length - 1);
    },
    onConnection: (connection) => seen.connections.push(connection),
    onStreamLost: () => (seen.lost += 1),
    sleep: async (ms) => void (clock += ms),
    now: () => clock,
  };
  await follow(deps, stopper.signal);
  return seen;
}

test("a stream that the server ends is opened again after the pause that it asked for", async () => {
  const seen = await run({
    stream: (nth, hooks, end) => {
      hooks.onAlive();
      if (nth === 2) end();
      return 250;
    },
  });
  expect(seen).toMatchObject({ streams: [0, 250, 500], polls: [], lost: 0 });
});

test("after two failures it polls every 3 s, and tries the stream again after a minute", async () => {
  const seen = await run({ stream: (nth, _, end) => (nth === 2 ? (end(), 0) : offline()) });
  expect(seen.streams).toEqual([0, 1_000, 61_000]);
  expect(seen.polls).toHaveLength(20);
  expect(seen.polls.slice(0, 3)).toEqual([1_000, 4_000, 7_000]);
  expect(new Set(seen.connections)).toEqual(new Set(["polling"]));
});

test("a failure after a stream that worked counts as the first again", async () => {
  const seen = await run({
    stream: (nth, hooks, end) => {
      if (nth === 3) end();
      hooks.onAlive();
      return offline();
    },
  });
  expect(seen.polls).toEqual([]);
});

test("it is offline while polls fail, and tries the stream at once when they work again", async () => {
  const seen = await run({
    stream: (nth, _, end) => (nth === 2 ? (end(), 0) : offline()),
    poll: (nth) => (nth < 2 ? offline() : undefined),
  });
  expect(seen.connections).toEqual(["offline", "offline", "polling"]);
  expect(seen.streams.at(-1)).toBe(7_000);
});

test("a poll that is told to wait waits", async () => {
  const seen = await run({
    stream: (nth, _, end) => (nth === 2 ? (end(), 0) : offline()),
    poll: (nth) => {
      if (nth === 0) throw new ApiError(429, "", null, 9_000);
    },
  });
  expect(seen.polls).toEqual([1_000, 10_000]);
});

test("a link that is gone ends it", async () => {
  const gone = run({
    stream: () => {
      throw new ApiError(401);
    },
  });
  await expect(gone).rejects.toMatchObject({ status: 401 });
});
