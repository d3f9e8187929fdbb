/** Pure rules of the list: what a tab holds, and where a row that changed belongs. */
import type { Row } from "./types";

export const TABS = ["waiting", "mine", "assistant", "all"] as const;
export type Tab = (typeof TABS)[number];

export interface Filter {
  tab: Tab;
  /** A location's code. */
  location?: string;
  q?: string;
}

export const PAGE = 50; // as many as the server lists at once

export const isTab = (value: unknown): value is Tab => TABS.includes(value as Tab);

/** The `state` that the API lists a tab by. */
export const stateOf = (tab: Tab): string | undefined => (tab === "all" ? undefined : tab);

const waitsForPerson = (row: Row): boolean => row.handoff !== undefined && row.handoff.taken_at === undefined;

/** Since when somebody waits for an answer; null where nobody does. */
export function waitingSince(row: Row): string | null {
  const asked = waitsForPerson(row) ? row.handoff?.requested_at : undefined;
  const moments = [row.waiting_since, asked].filter((moment) => moment !== undefined);
  return moments.length ? moments.reduce((a, b) => (Date.parse(a) <= Date.parse(b) ? a : b)) : null;
}

/** Whether the time that a person had to answer is over. */
export const isLate = (row: Row, now: Date): boolean =>
  waitsForPerson(row) && ((row.handoff?.level ?? 0) > 0 || Date.parse(row.handoff?.answer_by ?? "") <= now.getTime());

function isOfTab(row: Row, tab: Tab, myId: string): boolean {
  switch (tab) {
    case "waiting":
      return waitingSince(row) !== null;
    case "mine":
      return row.owner === "human" && row.handoff?.taken_by === myId;
    case "assistant":
      return row.owner === "assistant";
    case "all":
      return true;
  }
}

/** The pages with a row that has changed: taken out, put in at its place, or both. The server alone knows what a search finds. */
export function placeRow(pages: Row[][], row: Row, filter: Filter, myId: string): Row[][] {
  const known = pages.some((page) => page.some((one) => one.id === row.id));
  const fits =
    isOfTab(row, filter.tab, myId) &&
    (!filter.location || row.location.code === filter.location) &&
    (!filter.q || known);
  const others = pages.map((page) => page.filter((one) => one.id !== row.id));
  if (!fits) return others;
  const at = others.findIndex((page) => page.some((one) => isNewer(row, one)));
  const target = at === -1 ? others.length - 1 : at;
  return others.map((page, index) => (index === target ? insert(page, row) : page));
}

const time = (row: Row): number => (row.last_at ? Date.parse(row.last_at) : 0);
/** As the server lists them; of one moment by id. */
const isNewer = (a: Row, b: Row): boolean => time(a) > time(b) || (time(a) === time(b) && a.id > b.id);

function insert(page: Row[], row: Row): Row[] {
  const at = page.findIndex((one) => isNewer(row, one));
  return at === -1 ? [...page, row] : [...page.slice(0, at), row, ...page.slice(at)];
}

/** As the tab shows them: who waits longest first, else as listed; each once. */
export function shown(pages: Row[][], tab: Tab): Row[] {
  const rows = [...new Map(pages.flat().map((row) => [row.id, row])).values()];
  if (tab !== "waiting") return rows;
  const since = (row: Row) => Date.parse(waitingSince(row) ?? "") || Infinity;
  return rows.sort((a, b) => since(a) - since(b));
}

/** The end of a page; undefined where it is the last one. */
export interface PageEnd {
  before: string;
  before_id: string;
}

export function nextPage(rows: Row[]): PageEnd | undefined {
  const last = rows.length < PAGE ? undefined : rows.at(-1);
  return last?.last_at ? { before: last.last_at, before_id: last.id } : undefined;
}

/** The id that is `step` rows further than `id`; the first one when `id` is not listed. */
export function neighbour(rows: Row[], id: string | undefined, step: 1 | -1): string | undefined {
  const at = rows.findIndex((row) => row.id === id);
  if (at === -1) return rows[0]?.id;
  return rows[Math.min(rows.length - 1, Math.max(0, at + step))]?.id;
}
