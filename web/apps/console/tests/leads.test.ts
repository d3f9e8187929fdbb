import { expect, it } from "vitest";

import { afterText } from "../src/format";
import { leadsQuery, leadsSearch, nextLeads } from "../src/leads";
import type { Lead } from "../src/types";

const lead = (id: string): Lead => ({
  id,
  status: "new",
  name: "Noa Sample",
  source: "web_form",
  location: { code: "Store094", name: "Sample Tint", timezone: "America/Los_Angeles" },
  received_at: "2026-11-30T17:00:00.123456Z",
});

it("reads an address, and leaves out what it cannot", () => {
  expect(leadsSearch({ status: "won", from: "2026-11-01", q: "noa", tab: "x" })).toEqual({
    status: "won",
    from: "2026-11-01",
    q: "noa",
  });
  expect(leadsSearch({ status: "boss", source: "fax", from: "2026-13-41", to: "yesterday", location: "" })).toEqual({});
});

it("asks for whole days, the last one included", () => {
  const { from, to } = leadsQuery({ from: "2026-11-30", to: "2026-11-30" });
  expect(new Date(from ?? "")).toEqual(new Date(2026, 10, 30));
  expect(new Date(to ?? "")).toEqual(new Date(2026, 11, 1));
  expect(leadsQuery({ q: "noa" })).toEqual({ q: "noa" });
});

it("goes on after the last lead of a full page", () => {
  const full = Array.from({ length: 50 }, (_, index) => lead(String(index)));
  expect(nextLeads(full)).toEqual({ before: "2026-11-30T17:00:00.123456Z", before_id: "49" });
  expect(nextLeads(full.slice(1))).toBeUndefined();
});

it.each([
  ["2026-11-30T17:00:00.123456Z", "+0 ms"],
  ["2026-11-30T17:00:00.350Z", "+227 ms"],
  ["2026-11-30T17:00:09.123Z", "+9,000 ms"],
  ["2026-11-30T17:05:00.200Z", "+5 min"],
  ["2026-11-30T16:59:00Z", "before"],
])("tells how long after the first word something was: %s", (at, text) => {
  expect(afterText("2026-11-30T17:00:00.123Z", at)).toBe(text);
});
