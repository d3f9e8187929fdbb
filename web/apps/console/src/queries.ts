/** What the pages ask the server, and how news of the stream reach what was asked before. */
import {
  type InfiniteData,
  QueryClient,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";

import { ApiError, api, isSignedOut, isTransient, type PageBefore } from "./api";
import { type CalendarSearch, daysShown, today } from "./calendar";
import { type Filter, nextPage, type PageEnd, placeRow, stateOf } from "./inbox";
import { type LeadsSearch, leadsQuery, nextLeads } from "./leads";
import { earlier } from "./thread";
import type { Me, Opened, Present, Row } from "./types";

const ASK_AGAIN_MS = 10_000; // while the stream is down
const RETRIES = 2;

type Listed = InfiniteData<Row[], PageEnd | undefined>;

/** A member whom the chat service has not heard of yet is refused for a moment. */
const isWorthRetry = (failures: number, error: unknown): boolean =>
  failures < RETRIES && (isTransient(error) || isSignedOut(error));

export function createQueries(): QueryClient {
  const client: QueryClient = new QueryClient({
    defaultOptions: {
      queries: { retry: isWorthRetry, staleTime: 5_000, throwOnError: false },
      mutations: { retry: (failures, error) => failures < RETRIES && isTransient(error), networkMode: "always" },
    },
  });
  client.getQueryCache().subscribe(({ type, query }) => {
    if (type === "updated" && query.queryKey[0] !== "me" && isSignedOut(query.state.fetchFailureReason)) {
      void client.invalidateQueries({ queryKey: ["me"] }, { cancelRefetch: false });
    }
  });
  return client;
}

/** `null`: nobody is signed in. */
export const useMe = () =>
  useQuery({
    queryKey: ["me"],
    queryFn: () =>
      api.me().catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 401) return null;
        throw error;
      }),
    staleTime: 60_000,
  });

/** What the member before has read is forgotten. */
export function changeMember(client: QueryClient, me: Me | null): void {
  client.setQueryData(["me"], me);
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== "me" });
}

export const useLocations = () =>
  useQuery({ queryKey: ["locations"], queryFn: api.locations, staleTime: 5 * 60_000 });

export const useInbox = (filter: Filter, isLive: boolean) =>
  useInfiniteQuery({
    queryKey: ["inbox", filter],
    queryFn: ({ pageParam }) =>
      api.inbox({
        ...(filter.location ? { location: filter.location } : {}),
        ...(filter.q ? { q: filter.q } : {}),
        ...pageParam,
        ...(filter.tab === "all" ? {} : { state: stateOf(filter.tab) ?? "" }),
      }),
    initialPageParam: undefined as PageEnd | undefined,
    getNextPageParam: nextPage,
    refetchInterval: isLive ? false : ASK_AGAIN_MS,
  });

export const useConversation = (id: string, isLive: boolean) =>
  useInfiniteQuery({
    queryKey: ["conversation", id],
    queryFn: ({ pageParam }) => api.open(id, pageParam),
    initialPageParam: undefined as PageBefore | undefined,
    getNextPageParam: earlier,
    refetchInterval: isLive ? false : ASK_AGAIN_MS,
  });

const LEADS_AGAIN_MS = 15_000;

export const useLeads = (search: LeadsSearch) =>
  useInfiniteQuery({
    queryKey: ["leads", search],
    queryFn: ({ pageParam }) => api.leads({ ...leadsQuery(search), ...pageParam }),
    initialPageParam: undefined as PageEnd | undefined,
    getNextPageParam: nextLeads,
    refetchInterval: LEADS_AGAIN_MS,
  });

export const useLead = (id: string) =>
  useQuery({ queryKey: ["lead", id], queryFn: () => api.lead(id), staleTime: 60_000 });

export const useTimeline = (leadId: string) =>
  useQuery({ queryKey: ["timeline", leadId], queryFn: () => api.timeline(leadId) });

const CALENDAR_AGAIN_MS = 15_000;

/** `location`: of the first shop, while the address names none. What is shown stays until the next days are there. */
export const useCalendar = (location: string | undefined, search: CalendarSearch) => {
  const { first, days } = daysShown(search, today(new Date()));
  return useQuery({
    queryKey: ["calendar", location, first, days],
    queryFn: () => api.calendar(location ?? "", first, days),
    enabled: location !== undefined,
    refetchInterval: CALENDAR_AGAIN_MS,
  });
};

/** Whatever becomes of it, the calendar is asked for anew. */
export function useCalendarChange<T>(change: (wanted: T) => Promise<void>, onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: change,
    onSuccess: onDone,
    onSettled: () => client.invalidateQueries({ queryKey: ["calendar"] }),
  });
}

const filters = (client: QueryClient): Filter[] =>
  client
    .getQueryCache()
    .findAll({ queryKey: ["inbox"] })
    .map((query) => query.queryKey[1] as Filter);

/** Puts a row that changed where it belongs in every list that is kept. */
export function keepRow(client: QueryClient, row: Row, myId: string): void {
  for (const filter of filters(client)) {
    client.setQueryData<Listed>(["inbox", filter], (listed) =>
      listed && { ...listed, pages: placeRow(listed.pages, row, filter, myId) },
    );
  }
}

export function markRead(client: QueryClient, id: string): void {
  const read = (row: Row): Row => (row.id === id && row.unread ? { ...row, unread: false } : row);
  client.setQueriesData<Listed>({ queryKey: ["inbox"] }, (listed) =>
    listed && { ...listed, pages: listed.pages.map((page) => page.map(read)) },
  );
}

/** Who has a conversation open, as the server has just told. */
export function keepPresent(client: QueryClient, id: string, present: Present[]): void {
  const told = (row: Row): Row => (row.id === id ? { ...row, present } : row);
  client.setQueriesData<Listed>({ queryKey: ["inbox"] }, (listed) =>
    listed && { ...listed, pages: listed.pages.map((page) => page.map(told)) },
  );
  client.setQueryData<InfiniteData<Opened>>(["conversation", id], (opened) =>
    opened && { ...opened, pages: opened.pages.map((page) => ({ ...page, conversation: told(page.conversation) })) },
  );
}

/** Take over, or give back. */
export function useActing(id: string, me: Me, act: (id: string) => Promise<Opened>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => act(id),
    onSuccess: (opened) => {
      keepRow(client, { ...opened.conversation, unread: false }, me.id);
      return client.invalidateQueries({ queryKey: ["conversation", id] });
    },
  });
}

interface Sending {
  text: string;
  clientId: string;
  /** `seq` of the newest message that the writer knows. */
  seen: number;
}

export function useWriting(id: string, kind: "reply" | "note") {
  const client = useQueryClient();
  return useMutation({
    // A note has no id of its own: sent again after a lost answer, it would be there twice.
    ...(kind === "note" ? { retry: false } : {}),
    /** The reply's `seq`; null for a note. */
    mutationFn: async ({ text, clientId, seen }: Sending): Promise<number | null> => {
      if (kind === "reply") return (await api.write(id, clientId, text, seen)).seq;
      await api.note(id, clientId, text);
      return null;
    },
    onSuccess: () => client.invalidateQueries({ queryKey: ["conversation", id] }),
  });
}
