/** Money, dates and names as people read them. Every date is shown in the shop's zone, never in the phone's. */
import type { Appointment, Location, Message, Place, Price, Service, Slot, Vehicle } from "./types";
import { words } from "./words";

const DOLLARS = new Intl.NumberFormat("en-US", { style: "currency", currency: "USD" }); // in both languages alike

export const money = (cents: number): string => DOLLARS.format(cents / 100);

export const isEstimate = (kind: string): boolean => kind === "from" || kind === "range";

/** "$899.00", "from $899.00", "$799.00 to $1,299.00" or "price on request", as `shared/prices.py` words it. */
export function priceText({ kind, amount_cents: low, max_cents: high }: Price): string {
  if (kind === "on_request" || low == null) return words().onRequest;
  if (kind === "range" && high != null && high > low) return words().range(money(low), money(high));
  return isEstimate(kind) ? words().from(money(low)) : money(low);
}

/** An estimate is never called a price that is held. */
export const goodUntil = (kind: string, day: string): string =>
  isEstimate(kind) ? words().estimateUntil(day) : words().priceUntil(day);

/** Of an appointment of before prices had kinds the total; null: it has none. */
export function agreedPrice({ price, total_cents }: Pick<Appointment, "price" | "total_cents">): Price | null {
  return price ?? (total_cents === null ? null : { kind: "exact", amount_cents: total_cents });
}

const inZone = (iso: string, timeZone: string, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(words().locale, { ...options, timeZone }).format(new Date(iso));

/** Sortable day in the zone: 2025-11-28. */
export const dayKey = (iso: string, zone: string): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(new Date(iso));

export const clock = (iso: string, zone: string): string => inZone(iso, zone, { hour: "numeric", minute: "2-digit" });

export const longDay = (iso: string, zone: string): string =>
  inZone(iso, zone, { weekday: "long", month: "long", day: "numeric" });

export const shortDay = (iso: string, zone: string): string =>
  inZone(iso, zone, { weekday: "short", month: "short", day: "numeric" });

/** The zone's name at that moment, "Pacific Standard Time" or short "PST". */
export function zoneName(iso: string, zone: string, style: "long" | "short" | "longGeneric"): string {
  const parts = new Intl.DateTimeFormat(words().locale, { timeZone: zone, timeZoneName: style }).formatToParts(new Date(iso));
  return parts.find((part) => part.type === "timeZoneName")?.value ?? zone;
}

/** "9:00 AM – 12:30 PM PST"; an end on another day is given with its day. */
export function timeSpan(start: string, end: string, zone: string): string {
  const sameDay = dayKey(start, zone) === dayKey(end, zone);
  const until = sameDay ? clock(end, zone) : `${shortDay(end, zone)}, ${clock(end, zone)}`;
  return `${clock(start, zone)} – ${until} ${zoneName(start, zone, "short")}`;
}

export function dayTitle(iso: string, zone: string, now: Date): string {
  const day = dayKey(iso, zone);
  if (day === dayKey(now.toISOString(), zone)) return words().today;
  const dayBefore = new Date(now.getTime() - 24 * 3600 * 1000);
  return day === dayKey(dayBefore.toISOString(), zone) ? words().yesterday : longDay(iso, zone);
}

/** Slots by their day in the zone, in the order given. */
export function groupByDay(slots: Slot[], zone: string): { day: string; slots: Slot[] }[] {
  const days = new Map<string, Slot[]>();
  for (const slot of slots) {
    const day = dayKey(slot.start, zone);
    days.set(day, [...(days.get(day) ?? []), slot]);
  }
  return Array.from(days, ([day, ofDay]) => ({ day, slots: ofDay }));
}

/** "2021 Tesla Model 3"; empty when nothing is known. */
export const vehicleName = (vehicle: Vehicle | null | undefined): string =>
  vehicle ? [vehicle.year, vehicle.make, vehicle.model].filter(Boolean).join(" ") : "";

/** The car, else its class; empty when neither is known. */
export const carName = (vehicle: Vehicle | null | undefined): string =>
  vehicleName(vehicle) || (words().classes[vehicle?.vehicle_class ?? ""] ?? "");

/** "Ceramic Tint + Old film removal": all that its price is for. */
export const serviceName = (service: Service): string =>
  typeof service === "string" ? service : [service, ...(service.addons ?? [])].map(({ name }) => name).join(" + ");

/** Where the appointment is; what it does not say itself comes from the shop of this conversation. */
export function placeOf(appointment: Appointment, shop: Location): Place {
  const { location } = appointment;
  if (!location || typeof location === "string") return { ...shop, name: location || shop.name };
  return {
    name: location.name ?? shop.name,
    address: location.address ?? shop.address,
    phone: location.phone ?? shop.phone,
  };
}

export const directionsUrl = (place: Pick<Place, "name" | "address">): string =>
  `https://www.google.com/maps/search/?api=1&query=${encodeURIComponent(`${place.name}, ${place.address}`)}`;

const PARTS_OF_DAY = [
  { part: "morning", before: 12 },
  { part: "afternoon", before: 17 },
  { part: "evening", before: 24 },
] as const;

export type PartOfDay = (typeof PARTS_OF_DAY)[number]["part"];

/** The slots of one day by part of the day in the zone; parts without any are left out. */
export function byPartOfDay(slots: Slot[], zone: string): { part: PartOfDay; slots: Slot[] }[] {
  const hour = (slot: Slot): number =>
    Number(new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format(new Date(slot.start)));
  const partOf = (slot: Slot): PartOfDay => PARTS_OF_DAY.find(({ before }) => hour(slot) < before)?.part ?? "evening";
  return PARTS_OF_DAY.map(({ part }) => ({ part, slots: slots.filter((slot) => partOf(slot) === part) })).filter(
    (one) => one.slots.length > 0,
  );
}

/** "2 hours", "1 hour 30 minutes". */
export function duration(minutes: number): string {
  const whole = Math.floor(minutes / 60);
  const rest = minutes % 60;
  return [whole && words().hours(whole), rest && words().minutes(rest)].filter(Boolean).join(" ");
}

export const phoneText = (phone: string): string =>
  phone.replace(/^\+1[ -]?\(?(\d{3})\)?[ -]?(\d{3})[ -]?(\d{4})$/, "($1) $2-$3");

export const phoneUrl = (phone: string): string => `tel:${phone.replace(/[^+\d]/g, "")}`;

export const isCancelled = (status: string): boolean => /^cancel/i.test(status);

const GROUP_WITHIN_MS = 5 * 60 * 1000;

/** Whether `message` continues the bubble group of `before`: same author, same day, a few minutes apart. */
export function continues(before: Message | undefined, message: Message, zone: string): boolean {
  if (!before || before.author !== message.author) return false;
  const apartMs = Date.parse(message.created_at) - Date.parse(before.created_at);
  return apartMs < GROUP_WITHIN_MS && dayKey(before.created_at, zone) === dayKey(message.created_at, zone);
}
