import { describe, expect, it } from "vitest";

import { type Filter, isLate, neighbour, nextPage, placeRow, shown, stateOf, type Tab, waitingSince } from "../src/inbox";
import { handoff, ME, row } from "./samples";

const at = (minute: number) => new Date(Date.UTC(2026, 10, 30, 17, minute)).toISOString();
const of = (tab: Tab, rest: Partial<Filter> = {}): Filter => ({ tab, ...rest });
const ids = (pages: { id: string }[][]) => pages.map((page) => page.map(({ id }) => id));

describe("since when somebody waits", () => {
  it.each([
    ["nobody wrote", row("a"), null],
    ["unanswered words", row("a", { waiting_since: at(3) }), at(3)],
    ["a person was asked for", row("a", { handoff: handoff({ requested_at: at(2) }) }), at(2)],
    ["both: the older", row("a", { waiting_since: at(3), handoff: handoff({ requested_at: at(2) }) }), at(2)],
    ["somebody is on it", row("a", { handoff: handoff({ taken_at: at(4), taken_by: ME }) }), null],
    ["taken in the shop's CRM", row("a", { handoff: handoff({ taken_at: at(4) }) }), null],
  ])("%s", (_, one, since) => expect(waitingSince(one)).toBe(since));
});

it("is late past the time to answer, and once the next person was told", () => {
  const now = new Date(at(4));
  expect(isLate(row("a", { handoff: handoff() }), now)).toBe(false);
  expect(isLate(row("a", { handoff: handoff() }), new Date(at(6)))).toBe(true);
  expect(isLate(row("a", { handoff: handoff({ level: 1 }) }), now)).toBe(true);
  expect(isLate(row("a", { handoff: handoff({ level: 1, taken_at: at(3) }) }), now)).toBe(false);
});

describe("a row that changed", () => {
  const pages = [[row("a", { last_at: at(9) }), row("b", { last_at: at(7) })], [row("c", { last_at: at(5) })]];

  it("moves to the top with a new message", () => {
    expect(ids(placeRow(pages, row("c", { last_at: at(10) }), of("all"), ME))).toEqual([["c", "a", "b"], []]);
  });
  it("comes in where its time is", () => {
    expect(ids(placeRow(pages, row("d", { last_at: at(6) }), of("all"), ME))).toEqual([["a", "b"], ["d", "c"]]);
  });
  it("comes in at the end when it is the oldest", () => {
    expect(ids(placeRow(pages, row("d", { last_at: at(1) }), of("all"), ME))).toEqual([["a", "b"], ["c", "d"]]);
  });
  it("leaves a tab that it is no part of any more", () => {
    const taken = row("a", { owner: "human", handoff: handoff({ taken_at: at(9), taken_by: ME }) });
    expect(ids(placeRow(pages, taken, of("assistant"), ME))).toEqual([["b"], ["c"]]);
    expect(ids(placeRow(pages, taken, of("waiting"), ME))).toEqual([["b"], ["c"]]);
    expect(ids(placeRow([[]], taken, of("mine"), ME))).toEqual([["a"]]);
    expect(ids(placeRow([[]], taken, of("mine"), "somebody else"))).toEqual([[]]);
  });
  it("of another location is not shown", () => {
    expect(ids(placeRow([[]], row("d"), of("all", { location: "Store201" }), ME))).toEqual([[]]);
  });
  it("is not added to a search, which only the server can judge", () => {
    expect(ids(placeRow(pages, row("d"), of("all", { q: "noa" }), ME))).toEqual([["a", "b"], ["c"]]);
    expect(ids(placeRow(pages, row("c", { last_at: at(10) }), of("all", { q: "noa" }), ME))).toEqual([["c", "a", "b"], []]);
  });
});

it("shows who waits longest first, and each row once", () => {
  const rows = [row("a", { waiting_since: at(5) }), row("b", { waiting_since: at(3) }), row("c", { waiting_since: at(4) })];
  expect(ids([shown([rows, [rows[0]!]], "waiting")])).toEqual([["b", "c", "a"]]);
  expect(ids([shown([rows, [rows[0]!]], "all")])).toEqual([["a", "b", "c"]]);
});

it("asks for the next page only after a full one", () => {
  const full = Array.from({ length: 50 }, (_, index) => row(String(index), { last_at: at(50 - index) }));
  expect(nextPage(full)).toEqual({ before: at(1), before_id: "49" });
  expect(nextPage(full.slice(1))).toBeUndefined();
});

it("names the tabs as the API does", () => {
  expect((["waiting", "mine", "assistant", "all"] as const).map(stateOf)).toEqual(["waiting", "mine", "assistant", undefined]);
});

it("goes up and down the list, and stays at its ends", () => {
  const rows = [row("a"), row("b")];
  expect(neighbour(rows, undefined, 1)).toBe("a");
  expect(neighbour(rows, "a", 1)).toBe("b");
  expect(neighbour(rows, "b", 1)).toBe("b");
  expect(neighbour(rows, "a", -1)).toBe("a");
  expect(neighbour([], "a", 1)).toBeUndefined();
});
