/** Addresses that open a new entry in somebody's calendar. They hold no link of ours: calendars are shared more freely than mails. */
import { serviceName } from "./format";
import type { ManagedAppointment } from "./types";

export function googleCalendarUrl(appointment: ManagedAppointment): string {
  const { start, end, timezone, location } = appointment;
  return address("https://calendar.google.com/calendar/render", {
    action: "TEMPLATE",
    text: titleOf(appointment),
    dates: `${compact(start)}/${compact(end)}`,
    ctz: timezone,
    location: `${location.name}, ${location.address}`,
  });
}

export function outlookUrl(appointment: ManagedAppointment): string {
  const { start, end, location } = appointment;
  return address("https://outlook.live.com/calendar/0/deeplink/compose", {
    path: "/calendar/action/compose",
    rru: "addevent",
    subject: titleOf(appointment),
    startdt: new Date(start).toISOString(),
    enddt: new Date(end).toISOString(),
    location: `${location.name}, ${location.address}`,
  });
}

const titleOf = ({ service, location }: ManagedAppointment): string => `${serviceName(service)} – ${location.name}`;

/** 20251128T170000Z */
const compact = (iso: string): string => new Date(iso).toISOString().replace(/[-:]|\.\d+/g, "");

const address = (base: string, fields: Record<string, string>): string => `${base}?${new URLSearchParams(fields)}`;
