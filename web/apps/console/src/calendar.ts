/** Pure rules of the calendar. Times of the server carry the shop's offset, so their text is the shop's wall clock. */
import type { Price } from "./types";

export interface Slot {
  start: string;
  end: string;
  label: string;
}

export interface FreeTimes {
  timezone: string;
  last_day: string;
  slots: Slot[];
}

export interface Offered {
  code: string;
  name: string;
  tier: string;
  price: Price;
  duration_minutes: number;
}

export interface PricedJob {
  id: string;
  kind: Price["kind"];
  total_cents: number;
  max_cents: number | null;
}

/** A bay or a technician. */
export interface Resource {
  id: string;
  name: string;
  active: boolean;
}

export interface Taken {
  resource_id: string;
  start: string;
  end: string;
  cures_from?: string;
}

export interface Entry {
  kind: "appointment" | "hold" | "block" | "time_off";
  id: string;
  start: string;
  end: string;
  taken: Taken[];
  status?: "booked" | "no_show";
  number?: string;
  customer?: { lead_id: string; name: string; phone?: string };
  vehicle?: string;
  service?: string;
  price?: Price;
  overbooked?: boolean;
  all_day?: boolean;
  expires_at?: string;
  note?: string;
}

interface Hours {
  opens: string;
  closes: string;
}

export interface Day {
  date: string;
  spans: Hours[];
  breaks: Hours[];
  note?: string;
}

export interface CalendarDays {
  location: { id: string; code: string; name: string };
  timezone: string;
  now: string;
  days: Day[];
  bays: Resource[];
  technicians: Resource[];
  entries: Entry[];
}

export interface CalendarSearch {
  /** A location's code. */
  location?: string;
  /** 2026-11-30; left out: today. */
  day?: string;
  view?: "week";
  by?: "technician";
}

const isDay = (value: unknown): value is string =>
  typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));

/** What is readable of an address. */
export function calendarSearch({ location, day, view, by }: Record<string, unknown>): CalendarSearch {
  return {
    ...(typeof location === "string" && location ? { location } : {}),
    ...(isDay(day) ? { day } : {}),
    ...(view === "week" ? { view } : {}),
    ...(by === "technician" ? { by } : {}),
  };
}

/** Where the reader is: the shop's own day is known once it has answered. */
export const today = (now: Date): string => new Intl.DateTimeFormat("en-CA").format(now);

export function addDays(day: string, days: number): string {
  const moved = new Date(`${day}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** A week begins on Monday. */
export function daysShown({ day, view }: CalendarSearch, now: string): { first: string; days: number } {
  const chosen = day ?? now;
  if (view !== "week") return { first: chosen, days: 1 };
  const weekday = new Date(`${chosen}T12:00:00Z`).getUTCDay();
  return { first: addDays(chosen, -((weekday + 6) % 7)), days: 7 };
}

/** "Monday, November 30" */
export const longDay = (day: string): string =>
  new Intl.DateTimeFormat("en-US", { weekday: "long", month: "long", day: "numeric", timeZone: "UTC" }).format(
    new Date(`${day}T12:00:00Z`),
  );

/** "Mon, Nov 30" */
export const briefDay = (day: string): string =>
  new Intl.DateTimeFormat("en-US", { weekday: "short", month: "short", day: "numeric", timeZone: "UTC" }).format(
    new Date(`${day}T12:00:00Z`),
  );

export const dayOf = (iso: string): string => iso.slice(0, 10);

/** "2:05 PM" of "14:05", or of a moment by its own offset. */
export function wallClock(text: string): string {
  const [hour = 0, minute = 0] = text.slice(text.includes("T") ? 11 : 0).split(":").map((part) => Number.parseInt(part, 10));
  return `${hour % 12 || 12}:${String(minute).padStart(2, "0")} ${hour % 24 < 12 ? "AM" : "PM"}`;
}

const ofClock = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5));
const DAY_MINUTES = 24 * 60;

/** Minutes after midnight of that day; what lies outside of it ends at its borders. */
export function minutesOn(day: string, iso: string): number {
  if (dayOf(iso) !== day) return dayOf(iso) < day ? 0 : DAY_MINUTES;
  return ofClock(iso.slice(11));
}

export interface Box {
  entry: Entry;
  from: number;
  to: number;
  /** Where only the car is there. */
  curesFrom?: number;
  lane: number;
  lanes: number;
}

/** What stands on a day at a bay or technician, or (`null`) nowhere; beside each other where they overlap. */
export function boxesOn(day: string, entries: Entry[], resource: string | null): Box[] {
  const boxes = entries
    .flatMap((entry) => piecesOf(entry, resource).map((piece) => ({ entry, ...piece })))
    .map(({ entry, start, end, cures_from }) => ({
      entry,
      from: minutesOn(day, start),
      to: minutesOn(day, end),
      ...(cures_from ? { curesFrom: minutesOn(day, cures_from) } : {}),
    }))
    .filter(({ from, to }) => from < to)
    .sort((one, other) => one.from - other.from);
  const ends: number[] = [];
  const placed = boxes.map((box) => {
    const free = ends.findIndex((end) => end <= box.from);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = box.to;
    return { ...box, lane };
  });
  return placed.map((box) => ({ ...box, lanes: Math.max(1, ends.length) }));
}

const piecesOf = (entry: Entry, resource: string | null): Taken[] => {
  if (resource !== null) return entry.taken.filter((one) => one.resource_id === resource);
  return entry.taken.length ? [] : [{ resource_id: "", start: entry.start, end: entry.end }];
};

export const touches = (day: string, { start, end }: { start: string; end: string }): boolean =>
  minutesOn(day, start) < minutesOn(day, end);

/** The hours to draw: those of the shop, and whatever begins or ends outside of them; a car may stay overnight. */
export function hoursDrawn(days: Day[], boxes: Box[]): { from: number; to: number } {
  const spans = days.flatMap((day) => day.spans);
  const begins = boxes.map((box) => box.from).filter((from) => from > 0);
  const ends = boxes.map((box) => box.curesFrom ?? box.to).filter((to) => to < DAY_MINUTES);
  const from = Math.min(9 * 60, ...spans.map(({ opens }) => ofClock(opens)), ...begins);
  const to = Math.max(17 * 60, ...spans.map(({ closes }) => ofClock(closes)), ...ends);
  return { from: Math.floor(from / 60) * 60, to: Math.ceil(to / 60) * 60 };
}

/** What of them lies within the hours that are drawn. */
export const cut = (boxes: Box[], drawn: { from: number; to: number }): Box[] =>
  boxes
    .map((box) => ({ ...box, from: Math.max(box.from, drawn.from), to: Math.min(box.to, drawn.to) }))
    .filter(({ from, to }) => from < to);

export interface Shut {
  from: number;
  to: number;
  word: "Closed" | "Break";
}

/** When nobody works, within the hours that are drawn. */
export function shutOn(day: Day, { from, to }: { from: number; to: number }): Shut[] {
  const shut: Shut[] = day.breaks.map(({ opens, closes }) => ({ from: ofClock(opens), to: ofClock(closes), word: "Break" }));
  let open = from;
  for (const { opens, closes } of day.spans) {
    if (ofClock(opens) > open) shut.push({ from: open, to: ofClock(opens), word: "Closed" });
    open = ofClock(closes);
  }
  if (open < to) shut.push({ from: open, to, word: "Closed" });
  return shut;
}

/** "Open 9:00 AM – 6:00 PM", "Closed: Thanksgiving" */
export function hoursText({ spans, note }: Day): string {
  const why = note ? `: ${note}` : "";
  if (spans.length === 0) return `Closed${why}`;
  return `Open ${spans.map(({ opens, closes }) => `${wallClock(opens)} – ${wallClock(closes)}`).join(", ")}${why}`;
}

/** "9:00 AM – 12:30 PM", "Wed, Dec 2, 9:00 AM – Thu, Dec 3, 9:00 AM" */
export function hoursOf({ start, end }: Entry): string {
  const until = dayOf(start) === dayOf(end) ? "" : `${briefDay(dayOf(end))}, `;
  return `${until ? `${briefDay(dayOf(start))}, ` : ""}${wallClock(start)} – ${until}${wallClock(end)}`;
}

/** The word that tells what it is; empty for an appointment as booked. */
export function kindWord({ kind, status, overbooked, all_day }: Entry): string {
  if (kind === "hold") return "Held";
  if (kind === "block") return all_day ? "ShopMonkey, all day" : "ShopMonkey";
  if (kind === "time_off") return "Time off";
  if (status === "no_show") return "Did not come";
  return overbooked ? "No room" : "";
}

export const titleOf = (entry: Entry): string =>
  entry.customer ? entry.customer.name || "No name" : entry.kind === "time_off" ? (entry.note ?? "") : "Blocked there";

const MINUTE_MS = 60_000;

/** The same day, later by some minutes. */
export const laterBy = (iso: string, minutes: number): string =>
  new Date(Date.parse(iso) + minutes * MINUTE_MS).toISOString();

export const hasBegun = (entry: Entry, now: string): boolean => Date.parse(entry.start) <= Date.parse(now);

/** The days that have a free time, in order. */
export function byDay(slots: Slot[]): [string, Slot[]][] {
  const days = new Map<string, Slot[]>();
  for (const slot of slots) days.set(dayOf(slot.start), [...(days.get(dayOf(slot.start)) ?? []), slot]);
  return [...days];
}
