import { createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";

import { calendarSearch } from "./calendar";
import { CalendarPage } from "./components/CalendarPage";
import { InboxPage } from "./components/InboxPage";
import { LeadPage } from "./components/LeadPage";
import { LeadsPage } from "./components/LeadsPage";
import { NotFoundPage } from "./components/NotFoundPage";
import { Root } from "./components/Root";
import { isTab, type Tab } from "./inbox";
import { leadsSearch } from "./leads";

export interface InboxSearch {
  tab?: Tab;
  location?: string;
  q?: string;
}

function inboxSearch({ tab, location, q }: Record<string, unknown>): InboxSearch {
  return {
    ...(isTab(tab) ? { tab } : {}),
    ...(typeof location === "string" && location ? { location } : {}),
    ...(typeof q === "string" && q ? { q } : {}),
  };
}

const root = createRootRoute({ component: Root, notFoundComponent: NotFoundPage });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: ({ code }: Record<string, unknown>): { code?: string } =>
    typeof code === "string" && code ? { code } : {},
  beforeLoad: ({ search }) => {
    if (!search.code) throw redirect({ to: "/inbox", replace: true });
  },
});

const inbox = createRoute({
  getParentRoute: () => root,
  path: "/inbox",
  validateSearch: inboxSearch,
  component: InboxPage,
});

const leads = createRoute({ getParentRoute: () => root, path: "/leads", validateSearch: leadsSearch, component: LeadsPage });

const calendar = createRoute({
  getParentRoute: () => root,
  path: "/calendar",
  validateSearch: calendarSearch,
  component: CalendarPage,
});

const lead = createRoute({ getParentRoute: () => root, path: "/leads/$id", component: LeadPage });

const conversation = createRoute({ getParentRoute: () => inbox, path: "/$id" });

/** Values in the address are plain text. */
export const router = createRouter({
  routeTree: root.addChildren([home, inbox.addChildren([conversation]), leads, lead, calendar]),
  basepath: "/console",
  parseSearch: (text) => Object.fromEntries(new URLSearchParams(text)),
  stringifySearch: (values) => {
    const text = new URLSearchParams(
      Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    ).toString();
    return text ? `?${text}` : "";
  },
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
