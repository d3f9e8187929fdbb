import { expect, test } from "vitest";

import {
  addDays,
  boxesOn,
  byDay,
  cut,
  calendarSearch,
  type Day,
  daysShown,
  type Entry,
  hoursDrawn,
  hoursOf,
  hoursText,
  kindWord,
  laterBy,
  shutOn,
  wallClock,
} from "../src/calendar";

const entry = (changes: Partial<Entry> = {}): Entry => ({
  kind: "appointment",
  id: "a",
  start: "2026-11-24T10:00:00-08:00",
  end: "2026-11-24T12:00:00-08:00",
  taken: [{ resource_id: "bay", start: "2026-11-24T10:00:00-08:00", end: "2026-11-24T12:30:00-08:00" }],
  status: "booked",
  customer: { lead_id: "1", name: "Jane Sample" },
  service: "Ceramic tint",
  ...changes,
});

const TUESDAY: Day = {
  date: "2026-11-24",
  spans: [{ opens: "09:00", closes: "18:00" }],
  breaks: [{ opens: "13:00", closes: "13:30" }],
};

test("what is readable of an address is kept, the rest is passed over", () => {
  expect(calendarSearch({ location: "Store094", day: "2026-11-24", view: "week", by: "technician" })).toEqual({
    location: "Store094",
    day: "2026-11-24",
    view: "week",
    by: "technician",
  });
  expect(calendarSearch({ location: "", day: "2026-13-40", view: "day", by: "bay" })).toEqual({});
});

test("a week begins on Monday, also over a change of the clock and of the year", () => {
  expect(daysShown({ day: "2026-11-01", view: "week" }, "2026-11-24")).toEqual({ first: "2026-10-26", days: 7 });
  expect(daysShown({ view: "week" }, "2027-01-01")).toEqual({ first: "2026-12-28", days: 7 });
  expect(daysShown({}, "2026-11-24")).toEqual({ first: "2026-11-24", days: 1 });
  expect(addDays("2026-12-31", 1)).toBe("2027-01-01");
});

test("an entry stands where its time is taken, cut at the borders of the day", () => {
  const overnight = entry({
    taken: [
      {
        resource_id: "bay",
        start: "2026-11-24T16:00:00-08:00",
        end: "2026-11-25T10:00:00-08:00",
        cures_from: "2026-11-24T17:00:00-08:00",
      },
    ],
  });
  expect(boxesOn("2026-11-24", [overnight], "bay")).toMatchObject([{ from: 960, to: 1440, curesFrom: 1020 }]);
  expect(boxesOn("2026-11-25", [overnight], "bay")).toMatchObject([{ from: 0, to: 600, curesFrom: 0 }]);
  expect(boxesOn("2026-11-26", [overnight], "bay")).toEqual([]);
  expect(boxesOn("2026-11-24", [overnight], "another")).toEqual([]);
  expect(boxesOn("2026-11-24", [overnight], null)).toEqual([]);
  expect(boxesOn("2026-11-24", [entry({ taken: [] })], null)).toMatchObject([{ from: 600, to: 720 }]);
});

test("what overlaps stands beside each other", () => {
  const boxes = boxesOn("2026-11-24", [entry({ taken: [] }), entry({ id: "b", taken: [] })], null);
  expect(boxes.map(({ lane, lanes }) => [lane, lanes])).toEqual([
    [0, 2],
    [1, 2],
  ]);
});

test("all that stands is drawn, and what is shut between", () => {
  const early = boxesOn("2026-11-24", [entry({ taken: [], start: "2026-11-24T07:30:00-08:00" })], null);
  const drawn = hoursDrawn([TUESDAY], early);
  expect(drawn).toEqual({ from: 420, to: 1080 });
  expect(shutOn(TUESDAY, drawn)).toEqual([
    { from: 780, to: 810, word: "Break" },
    { from: 420, to: 540, word: "Closed" },
  ]);
  expect(hoursText(TUESDAY)).toBe("Open 9:00 AM – 6:00 PM");
  expect(hoursText({ ...TUESDAY, spans: [], note: "Thanksgiving" })).toBe("Closed: Thanksgiving");
});

test("a car that stays overnight is cut at the hours that are drawn", () => {
  const night = [{ resource_id: "bay", start: "2026-11-24T09:00:00-08:00", end: "2026-11-25T09:00:00-08:00" }];
  const boxes = boxesOn("2026-11-24", [entry({ taken: night })], "bay");
  const drawn = hoursDrawn([TUESDAY], boxes);
  expect(drawn).toEqual({ from: 540, to: 1080 });
  expect(cut(boxes, drawn)).toMatchObject([{ from: 540, to: 1080 }]);
  expect(hoursOf(entry({ end: "2026-11-25T09:00:00-08:00" }))).toBe("Tue, Nov 24, 10:00 AM – Wed, Nov 25, 9:00 AM");
  expect(hoursOf(entry())).toBe("10:00 AM – 12:00 PM");
});

test("each kind has its word", () => {
  const kinds: Partial<Entry>[] = [
    {},
    { status: "no_show" },
    { overbooked: true },
    { kind: "hold" },
    { kind: "block", all_day: true },
    { kind: "time_off" },
  ];
  expect(kinds.map((one) => kindWord(entry(one)))).toEqual([
    "",
    "Did not come",
    "No room",
    "Held",
    "ShopMonkey, all day",
    "Time off",
  ]);
});

test("clocks are the shop's, whatever the browser's zone is", () => {
  expect(["2026-11-24T00:05:00-08:00", "12:00", "24:00", "17:30"].map(wallClock)).toEqual([
    "12:05 AM",
    "12:00 PM",
    "12:00 AM",
    "5:30 PM",
  ]);
  expect(laterBy("2026-11-24T10:00:00-08:00", 45)).toBe("2026-11-24T18:45:00.000Z");
});

test("free times are listed by the shop's day", () => {
  const slot = (start: string) => ({ start, end: start, label: start });
  const slots = [slot("2026-11-24T16:00:00-08:00"), slot("2026-11-24T17:00:00-08:00"), slot("2026-11-25T09:00:00-08:00")];
  expect(byDay(slots).map(([day, times]) => [day, times.length])).toEqual([
    ["2026-11-24", 2],
    ["2026-11-25", 1],
  ]);
});
