/** Pure rules of the list of leads: what its address says, and what is asked of the server for it. */
import type { LeadsQuery } from "./api";
import type { PageEnd } from "./inbox";
import type { Lead } from "./types";

export const STATUSES = ["new", "contacted", "engaged", "appointment_scheduled", "won", "lost"] as const;
export const SOURCES = ["shopmonkey", "web_form", "meta", "google", "import"] as const;
const PAGE = 50; // as many as the server lists at once

export interface LeadsSearch {
  status?: (typeof STATUSES)[number];
  source?: (typeof SOURCES)[number];
  /** A location's code. */
  location?: string;
  /** Days, the last one included: 2026-11-30. */
  from?: string;
  to?: string;
  q?: string;
}

const oneOf = <T extends string>(known: readonly T[], value: unknown): value is T => known.includes(value as T);
const isDay = (value: unknown): value is string =>
  typeof value === "string" && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

/** What is readable of an address. */
export function leadsSearch({ status, source, location, from, to, q }: Record<string, unknown>): LeadsSearch {
  return {
    ...(oneOf(STATUSES, status) ? { status } : {}),
    ...(oneOf(SOURCES, source) ? { source } : {}),
    ...(isText(location) ? { location } : {}),
    ...(isDay(from) ? { from } : {}),
    ...(isDay(to) ? { to } : {}),
    ...(isText(q) ? { q } : {}),
  };
}

/** Days begin where the reader is: a list may hold shops of several zones. */
export function leadsQuery({ from, to, ...rest }: LeadsSearch): LeadsQuery {
  return { ...rest, ...(from ? { from: startOf(from, 0) } : {}), ...(to ? { to: startOf(to, 1) } : {}) };
}

function startOf(day: string, daysLater: number): string {
  const [year = 0, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date + daysLater).toISOString();
}

export function nextLeads(leads: Lead[]): PageEnd | undefined {
  const last = leads.length < PAGE ? undefined : leads.at(-1);
  return last && { before: last.received_at, before_id: last.id };
}
