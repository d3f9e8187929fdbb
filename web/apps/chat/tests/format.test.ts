import { expect, test } from "vitest";

import { agreedPrice, byPartOfDay, carName, continues, dayTitle, goodUntil, groupByDay, money, priceText, serviceName, timeSpan } from "../src/format";
import { routeOf } from "../src/route";
import { speak } from "../src/words";
import { message } from "./samples";

const ZONE = "America/Los_Angeles";
const plain = (text: string): string => text.replace(/\s/g, " "); // the formatter uses narrow spaces

test("money is exact to the cent", () => {
  expect(money(123_405)).toBe("$1,234.05");
});

test.each([
  [{ kind: "exact", amount_cents: 89_900 }, "$899.00"],
  [{ kind: "from", amount_cents: 89_900 }, "from $899.00"],
  [{ kind: "range", amount_cents: 79_900, max_cents: 129_900 }, "$799.00 to $1,299.00"],
  [{ kind: "range", amount_cents: 79_900, max_cents: null }, "from $799.00"],
  [{ kind: "on_request" }, "price on request"],
])("the price %j is said as the kind that it is", (price, expected) => {
  expect(priceText(price)).toBe(expected);
});

test.each(["exact", "from", "range"])("only a firm price is held: %s", (kind) => {
  expect(goodUntil(kind, "Friday").includes("held")).toBe(kind === "exact");
});

test("an appointment of before prices had kinds has its total", () => {
  expect(agreedPrice({ total_cents: 49_900 })).toEqual({ kind: "exact", amount_cents: 49_900 });
  expect(agreedPrice({ total_cents: 49_900, price: { kind: "from", amount_cents: 49_900 } })?.kind).toBe("from");
  expect(agreedPrice({ total_cents: null })).toBeNull();
});

test.each([
  [{ year: 2019, make: "Ford", model: "F-150", vehicle_class: "truck" }, "2019 Ford F-150"],
  [{ year: null, make: null, model: null, vehicle_class: "suv" }, "SUV"],
  [null, ""],
])("the car of a booking: %j", (vehicle, expected) => {
  expect(carName(vehicle)).toBe(expected);
});

test.each([
  ["2025-11-28T17:00:00Z", "2025-11-28T20:30:00Z", ZONE, "9:00 AM – 12:30 PM PST"],
  ["2025-07-01T16:00:00Z", "2025-07-01T17:00:00Z", ZONE, "9:00 AM – 10:00 AM PDT"],
  ["2025-07-01T16:00:00Z", "2025-07-01T17:00:00Z", "America/Phoenix", "9:00 AM – 10:00 AM MST"],
  ["2025-11-28T23:00:00Z", "2025-11-29T18:00:00Z", ZONE, "3:00 PM – Sat, Nov 29, 10:00 AM PST"],
])("a time span is in the shop's zone and names it: %s in %s", (start, end, zone, expected) => {
  expect(plain(timeSpan(start, end, zone))).toBe(expected);
});

test("slots are grouped by the day in the shop's zone, not in UTC", () => {
  const slot = (start: string) => ({ start, end: start, label: start, action: start });
  const days = groupByDay([slot("2025-11-28T17:00:00Z"), slot("2025-11-29T01:00:00Z"), slot("2025-11-29T17:00:00Z")], ZONE);
  expect(days.map(({ day, slots }) => [day, slots.length])).toEqual([
    ["2025-11-28", 2],
    ["2025-11-29", 1],
  ]);
});

test.each([
  ["2025-11-29T07:30:00Z", "Today"],
  ["2025-11-28T07:30:00Z", "Yesterday"],
  ["2025-11-26T20:00:00Z", "Wednesday, November 26"],
])("%s is %s for the shop", (iso, expected) => {
  expect(dayTitle(iso, ZONE, new Date("2025-11-29T07:45:00Z"))).toBe(expected);
});

test("another author or a long pause starts a new group", () => {
  const first = message(1);
  expect(continues(first, message(2, { created_at: "2025-11-28T17:04:00Z" }), ZONE)).toBe(true);
  expect(continues(first, message(2, { created_at: "2025-11-28T17:06:00Z" }), ZONE)).toBe(false);
  expect(continues(first, message(2, { author: "staff" }), ZONE)).toBe(false);
});

test.each([
  ["/c/abc.def-1", { page: "chat", token: "abc.def-1" }],
  ["/m/abc/", { page: "manage", token: "abc" }],
  ["/c/abc.d_-=.", { page: "chat", token: "abc.d_-=" }],
  ["/m/abc.def).", { page: "manage", token: "abc.def" }],
  ["/c/abc%E2%80%9D", { page: "chat", token: "abc" }],
  ["/c/", { page: "unknown" }],
  ["/x/abc", { page: "unknown" }],
])("the path %s", (path, expected) => {
  expect(routeOf(path)).toEqual(expected);
});

test("the slots of a day by its parts in the shop's zone, without empty ones", () => {
  const slot = (start: string) => ({ start, end: start, label: start, action: start });
  const parts = byPartOfDay([slot("2025-11-28T17:00:00Z"), slot("2025-11-28T20:00:00Z"), slot("2025-11-28T23:30:00Z")], ZONE);
  expect(parts.map(({ part, slots }) => [part, slots.length])).toEqual([
    ["morning", 1],
    ["afternoon", 2],
  ]);
});

test("days, prices and cars are said in Spanish to who speaks it", () => {
  speak("es");
  expect(dayTitle("2025-11-26T20:00:00Z", ZONE, new Date("2025-11-29T07:45:00Z"))).toBe("miércoles, 26 de noviembre");
  expect(priceText({ kind: "from", amount_cents: 89_900 })).toBe("desde $899.00");
  expect(carName({ vehicle_class: "truck" })).toBe("Camioneta");
  speak("en");
});

test.each([
  ["Ceramic Tint", "Ceramic Tint"],
  [{ name: "Ceramic Tint" }, "Ceramic Tint"],
  [{ name: "Ceramic Tint", addons: [{ name: "Old film removal" }] }, "Ceramic Tint + Old film removal"],
])("a service is named with what is booked beside it: %j", (service, expected) => {
  expect(serviceName(service)).toBe(expected);
});
