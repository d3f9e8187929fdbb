/** Money, and times in the shop's zone, never in the browser's. */
import type { Appointment, Price, Quote, Vehicle } from "./types";

const LOCALE = "en-US";
const DOLLARS = new Intl.NumberFormat(LOCALE, { style: "currency", currency: "USD" });

export const money = (cents: number): string => DOLLARS.format(cents / 100);

/** "$899.00", "from $899.00", "$799.00 to $1,299.00" or "price on request". */
export function priceText({ kind, amount_cents: low, max_cents: high }: Price): string {
  if (kind === "on_request" || low == null) return "price on request";
  if (kind === "range" && high != null && high > low) return `${money(low)} to ${money(high)}`;
  return kind === "exact" ? money(low) : `from ${money(low)}`;
}

export const quotePrice = ({ kind, total_cents, max_cents }: Pick<Quote, "kind" | "total_cents" | "max_cents">): string =>
  priceText({ kind, amount_cents: total_cents ?? null, max_cents: max_cents ?? null });

/** Empty where none was agreed. */
export function appointmentPrice({ price, total_cents }: Appointment): string {
  if (price) return priceText(price);
  return total_cents == null ? "" : money(total_cents);
}

const inZone = (iso: string, timeZone: string, options: Intl.DateTimeFormatOptions): string =>
  new Intl.DateTimeFormat(LOCALE, { ...options, timeZone }).format(new Date(iso));

/** Sortable day in the zone: 2026-11-28. */
export const dayKey = (iso: string, zone: string): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" }).format(
    new Date(iso),
  );

export const clock = (iso: string, zone: string): string => inZone(iso, zone, { hour: "numeric", minute: "2-digit" });

export const shortDay = (iso: string, zone: string): string =>
  inZone(iso, zone, { weekday: "short", month: "short", day: "numeric" });

/** "Mon, Nov 30, 9:05 AM PST" */
export const moment = (iso: string, zone: string): string =>
  inZone(iso, zone, {
    weekday: "short",
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    timeZoneName: "short",
  });

/** "Nov 30, 9:05:07.123 AM" */
export const exactMoment = (iso: string, zone: string): string =>
  inZone(iso, zone, {
    month: "short",
    day: "numeric",
    hour: "numeric",
    minute: "2-digit",
    second: "2-digit",
    fractionalSecondDigits: 3,
  });

/** "Mon, Nov 30, 9:00 AM – 12:30 PM PST" */
export function timeSpan(start: string, end: string, zone: string): string {
  const sameDay = dayKey(start, zone) === dayKey(end, zone);
  const until = inZone(end, zone, { hour: "numeric", minute: "2-digit", timeZoneName: "short" });
  return `${shortDay(start, zone)}, ${clock(start, zone)} – ${sameDay ? until : `${shortDay(end, zone)}, ${until}`}`;
}

/** "PST" */
export function zoneName(iso: string, zone: string): string {
  const parts = new Intl.DateTimeFormat(LOCALE, { timeZone: zone, timeZoneName: "short" }).formatToParts(new Date(iso));
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? zone;
}

/** Of a separator between messages: "Today · PST". */
export const dayTitle = (iso: string, zone: string, now: Date): string => `${dayName(iso, zone, now)} · ${zoneName(iso, zone)}`;

function dayName(iso: string, zone: string, now: Date): string {
  const day = dayKey(iso, zone);
  if (day === dayKey(now.toISOString(), zone)) return "Today";
  const dayBefore = new Date(now.getTime() - 24 * 3600 * 1000);
  return day === dayKey(dayBefore.toISOString(), zone) ? "Yesterday" : shortDay(iso, zone);
}

/** In a list: the clock today, else the day. */
export const shortWhen = (iso: string, zone: string, now: Date): string =>
  dayKey(iso, zone) === dayKey(now.toISOString(), zone) ? clock(iso, zone) : inZone(iso, zone, { month: "short", day: "numeric" });

/** "40 s", "5 min", "2 h 5 min", "3 days" */
export function lapse(fromIso: string, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - Date.parse(fromIso)) / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} days`;
}

/** "+227 ms" up to a minute, then "+5 min". */
export function afterText(firstIso: string, iso: string): string {
  const ms = Date.parse(iso) - Date.parse(firstIso);
  if (ms < 0) return "before";
  return ms < 60_000 ? `+${ms.toLocaleString(LOCALE)} ms` : `+${lapse(firstIso, new Date(iso))}`;
}

const CLASSES: Record<string, string> = { coupe: "Coupe", sedan: "Sedan", suv: "SUV", truck: "Truck", van: "Van" };

/** The car, else its class; empty when neither is known. */
export function carName(vehicle: Vehicle | null | undefined): string {
  const named = [vehicle?.year, vehicle?.make, vehicle?.model].filter(Boolean).join(" ");
  return named || (CLASSES[vehicle?.vehicle_class ?? ""] ?? "");
}

/** "sedan" as "Sedan"; what is no class stays as it is. */
export const carOf = (vehicle: string | undefined): string => (vehicle ? (CLASSES[vehicle] ?? vehicle) : "");

export const phoneUrl = (phone: string): string => `tel:${phone.replace(/[^+\d]/g, "")}`;

/** "+16195550123" as "(619) 555-0123"; other numbers as they are. */
export const phoneText = (phone: string): string => phone.replace(/^\+1(\d{3})(\d{3})(\d{4})$/, "($1) $2-$3");
