import { expect, test } from "vitest";

import { ApiError } from "../src/api";
import { deliver } from "../src/deliver";
import { message } from "./samples";

/** Delivers with a server that answers each try in turn, the last answer for ever; tells the pauses between. */
async function delivered(...answers: (ApiError | "ok")[]) {
  const pauses: number[] = [];
  let tries = 0;
  const post = async () => {
    const answer = answers[Math.min(tries, answers.length - 1)];
    tries += 1;
    if (answer instanceof ApiError) throw answer;
    return message(2);
  };
  const delivery = await deliver(post, async (ms) => void pauses.push(ms));
  return { kind: delivery.kind, tries, pauses };
}

test.each([0, 429, 503])("status %i is tried again", async (status) => {
  expect(await delivered(new ApiError(status), "ok")).toEqual({ kind: "sent", tries: 2, pauses: [1_000] });
});

test("a Retry-After longer than our own pause is kept", async () => {
  expect(await delivered(new ApiError(429, "", null, 5_000), "ok")).toMatchObject({ kind: "sent", pauses: [5_000] });
});

test("a Retry-After too long to wait for leaves the message unsent at once", async () => {
  expect(await delivered(new ApiError(503, "", null, 60_000))).toEqual({ kind: "unsent", tries: 1, pauses: [] });
});

test("after four tries the customer decides", async () => {
  expect(await delivered(new ApiError(0))).toEqual({ kind: "unsent", tries: 4, pauses: [1_000, 3_000, 6_000] });
});

test("a message that the server refuses is not tried again", async () => {
  expect(await delivered(new ApiError(422))).toEqual({ kind: "refused", tries: 1, pauses: [] });
});

test.each([401, 404])("status %i says that the link is gone", async (status) => {
  expect(await delivered(new ApiError(status))).toMatchObject({ kind: "gone", tries: 1 });
});
