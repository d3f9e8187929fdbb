import { describe, expect, test } from "vitest";

import { cursorOf, reduce } from "../src/conversation";
import type { ChatAction } from "../src/conversation";
import type { Appointment } from "../src/types";
import { after, conversationOf, message, outgoing, session } from "./samples";

const delta = (replyId: string, text: string): ChatAction => ({ kind: "delta", replyId, text });
const seqs = (...actions: ChatAction[]) => conversationOf(after(...actions)).messages.map(({ seq }) => seq);
const draft = (...actions: ChatAction[]) => conversationOf(after(...actions)).draft;

describe("messages", () => {
  test("the same message twice is shown once", () => {
    expect(seqs({ kind: "message", message: message(2) }, { kind: "message", message: message(2) })).toEqual([1, 2]);
  });

  test("messages are shown in the order of seq", () => {
    const late: ChatAction = { kind: "sent", clientId: "a", message: message(5, { author: "customer" }) };
    expect(seqs(late, { kind: "message", message: message(4) })).toEqual([1, 4, 5]);
  });

  test("a sent message does not move the cursor past messages that are still on their way", () => {
    const state = after({ kind: "sent", clientId: "a", message: message(5, { author: "customer" }) });
    expect(cursorOf(state)).toBe(1);
    expect(cursorOf(reduce(state, { kind: "message", message: message(5, { author: "customer" }) }))).toBe(5);
  });

  test("loading again keeps what is known and what waits to be sent", () => {
    const again: ChatAction = { kind: "loaded", session: session({ messages: [message(1), message(3)] }) };
    const state = after({ kind: "message", message: message(2) }, { kind: "queued", outgoing: outgoing("a") }, again);
    expect(conversationOf(state).messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(conversationOf(state).outbox).toHaveLength(1);
  });
});

describe("sending", () => {
  test("a message is shown before the server has it", () => {
    expect(conversationOf(after({ kind: "queued", outgoing: outgoing("a") })).outbox).toEqual([outgoing("a")]);
  });

  test("the stored message with its client id replaces the unconfirmed one", () => {
    const stored = message(2, { author: "customer", client_id: "a" });
    const state = after({ kind: "queued", outgoing: outgoing("a") }, { kind: "message", message: stored });
    expect(conversationOf(state).outbox).toEqual([]);
  });

  test("an answer without the client id still confirms the message", () => {
    const stored = message(2, { author: "customer" });
    const state = after({ kind: "queued", outgoing: outgoing("a") }, { kind: "sent", clientId: "a", message: stored });
    expect(conversationOf(state).outbox).toEqual([]);
  });

  test("an unsent message stays, marked", () => {
    const state = after({ kind: "queued", outgoing: outgoing("a") }, { kind: "delivery", clientId: "a", delivery: "unsent" });
    expect(conversationOf(state).outbox[0]?.delivery).toBe("unsent");
  });
});

describe("the answer in the making", () => {
  test("grows with every delta", () => {
    expect(draft(delta("r1", "Hel"), delta("r1", "lo"))?.text).toBe("Hello");
  });

  test("starts over when the server starts another reply", () => {
    expect(draft(delta("r1", "Hel"), delta("r2", "New"))?.text).toBe("New");
  });

  test("gives way to the finished message, and the typing dots with it", () => {
    const state = after(delta("r1", "Hel"), { kind: "typing", on: true }, { kind: "message", message: message(2) });
    expect(conversationOf(state)).toMatchObject({ draft: null, typing: false });
  });

  test("is dropped when a newer message of the customer arrives", () => {
    expect(draft(delta("r1", "Hel"), { kind: "message", message: message(2, { author: "customer" }) })).toBeNull();
  });

  test("is dropped when a person takes over", () => {
    const change = { state: "HUMAN", owner: "human", assistant: "claude", actions: [] } as const;
    expect(draft(delta("r1", "Hel"), { kind: "state", change: { ...change, actions: [] } })).toBeNull();
  });

  test("is not shown in part after a lost connection", () => {
    expect(draft(delta("r1", "Hel"), { kind: "stream_lost" }, delta("r1", "lo"))).toEqual({ replyId: "r1", text: "", broken: true });
  });
});

test("a change of state without an appointment means that there is none", () => {
  const booked = session({ appointment: { id: "a1" } as Appointment });
  const change = { state: "NEED", owner: "assistant", assistant: "claude", actions: [] } as const;
  const state = after({ kind: "loaded", session: booked }, { kind: "state", change: { ...change, actions: [] } });
  expect(conversationOf(state).appointment).toBeNull();
});

test("a link that is gone stays gone", () => {
  expect(after({ kind: "gone" }, { kind: "loaded", session: session() })).toEqual({ phase: "gone" });
});
