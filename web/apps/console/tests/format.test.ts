import { expect, it } from "vitest";

import { carOf, dayTitle, lapse, moment, phoneText, priceText, shortWhen, timeSpan } from "../src/format";
import { replyWay, whoAnswers } from "../src/words";
import { handoff, ME, row } from "./samples";

const ZONE = "America/Los_Angeles";
const NOW = new Date("2026-11-30T18:00:00Z");

it.each([
  ["2026-11-30T17:59:20Z", "40 s"],
  ["2026-11-30T17:55:00Z", "5 min"],
  ["2026-11-30T15:55:00Z", "2 h 5 min"],
  ["2026-11-29T18:00:00Z", "24 h"],
  ["2026-11-27T18:00:00Z", "3 days"],
  ["2026-11-30T18:00:05Z", "0 s"],
])("counts from %s", (from, words) => expect(lapse(from, NOW)).toBe(words));

it("shows times in the shop's zone", () => {
  expect(moment("2026-11-30T17:05:00Z", ZONE)).toBe("Mon, Nov 30, 9:05 AM PST");
  expect(timeSpan("2026-11-30T17:00:00Z", "2026-11-30T20:30:00Z", ZONE)).toBe("Mon, Nov 30, 9:00 AM – 12:30 PM PST");
  expect(dayTitle("2026-11-30T09:00:00Z", ZONE, NOW)).toBe("Today · PST");
  expect(dayTitle("2026-11-30T07:00:00Z", ZONE, NOW)).toBe("Yesterday · PST");
  expect(shortWhen("2026-11-30T17:05:00Z", ZONE, NOW)).toBe("9:05 AM");
  expect(shortWhen("2026-11-28T17:05:00Z", ZONE, NOW)).toBe("Nov 28");
});

it("words prices, phones and cars", () => {
  expect(priceText({ kind: "exact", amount_cents: 39900 })).toBe("$399.00");
  expect(priceText({ kind: "from", amount_cents: 39900 })).toBe("from $399.00");
  expect(priceText({ kind: "range", amount_cents: 100, max_cents: 200 })).toBe("$1.00 to $2.00");
  expect(priceText({ kind: "on_request" })).toBe("price on request");
  expect(phoneText("+16195550123")).toBe("(619) 555-0123");
  expect(carOf("suv")).toBe("SUV");
  expect(carOf("2021 Honda Civic")).toBe("2021 Honda Civic");
});

it("says how a reply goes", () => {
  expect(replyWay({ channel: "web", also: [] })).toContain("page open");
  expect(replyWay({ channel: "web", also: ["email"] })).toContain("also goes by email");
  expect(replyWay({ channel: "sms", also: [] })).toContain("by SMS");
});

it("says who answers", () => {
  expect(whoAnswers(row("a"), ME)).toBe("The assistant answers.");
  expect(whoAnswers(row("a", { handoff: handoff() }), ME)).toContain("waits for a person");
  const taken = { taken_at: "2026-11-30T17:00:00Z" };
  expect(whoAnswers(row("a", { owner: "human", handoff: handoff({ ...taken, taken_by: ME }) }), ME)).toContain("You answer");
  const other = handoff({ ...taken, taken_by: "x", taken_by_name: "Olga" });
  expect(whoAnswers(row("a", { owner: "human", handoff: other }), ME)).toContain("Olga answers");
  expect(whoAnswers(row("a", { owner: "human", handoff: handoff(taken) }), ME)).toContain("Somebody of the shop");
});
